package answer

import (
	"strconv"
	"unsafe"

	"github.com/moodring/moodring/contract"
)

// element is one element of a tensor of BYTES, as it comes. Most are a label,
// and these are more:
//
//	{"label": "joy", "score": 0.98}  JSON, in which an object, or a list of them, is what
//	                                 it is in V1's predictions (MLServer's Hugging Face runtime)
//	{0: 0.02, 1: 0.98}               the same, as Python prints it (KServe's huggingfaceserver
//	                                 with --return_probabilities)
//	0.98:1:joy, 0.98:1               a class's score, index and label (Triton's classification
//	                                 extension; a score without a point is none: 12:30)
//
// What begins with { or [{ is JSON or no answer.
//
// Sources: MLServer, codecs/jsonlist.py; KServe, huggingfaceserver/encoder_model.py
// and protocol/infer_type.py; Triton, extension_classification.md.
type element struct {
	form      form
	head      [64]byte // what came before the form was known
	headBytes int      // bytes of head
	indexAt   int      // where the index begins in it

	label contract.Text
	class int
	score float64

	options   *Options
	visitor   Visitor   // of JSON
	json      *Scanner  // made when it is first needed
	key       keyPlace  // in what Python printed
	text      [256]byte // for json: strings come in short chunks where they are full of escapes
	textBytes int       // of text
}

// form is what an element is, or may still be.
type form uint8

const (
	emptyForm form = iota
	braceForm
	bracketForm
	valueForm    // of value:index:label
	fractionForm // of its value
	indexForm
	labelForm // the form is known from here on
	classForm
	jsonForm
	pythonForm
)

// keyPlace is where in what Python printed the next byte stands: keys that are
// numbers want quotes.
type keyPlace uint8

const (
	notInKey keyPlace = iota
	beforeKey
	inKey
)

// What a scanner is given around an element, which is a prediction to it.
const (
	beforeElement = `{"predictions":[`
	afterElement  = `]}`
)

func (e *element) reset() {
	e.label.Reset()
	e.form, e.headBytes = emptyForm, 0
}

// AddAll adds a chunk of the element.
func (e *element) AddAll(chunk []byte) {
	if e.form == emptyForm && len(chunk) > 0 && e.nextForm(chunk[0]) == labelForm {
		e.form = labelForm
	}
	for len(chunk) > 0 && e.form < labelForm {
		e.classify(chunk[0])
		chunk = chunk[1:]
	}
	e.forward(chunk)
}

// pass hands a chunk on to what reads the form.
func (e *element) forward(chunk []byte) {
	switch e.form {
	case labelForm, classForm:
		e.label.AddAll(chunk)
	case jsonForm:
		e.buffer(chunk)
	case pythonForm:
		for _, c := range chunk {
			e.bufferPython(c)
		}
	}
}

// look takes a byte while the form is not known.
func (e *element) classify(c byte) {
	e.head[e.headBytes] = c
	e.headBytes++
	e.form = e.nextForm(c)
	switch {
	case e.form == classForm && e.parseClass(e.headBytes-1):
		return
	case e.form == jsonForm || e.form == pythonForm:
		e.beginJSON()
	case e.form >= labelForm || e.headBytes == len(e.head):
		e.form = labelForm
	}
	e.forward(e.head[:e.headBytes])
}

// next returns the form after one more byte.
func (e *element) nextForm(c byte) form {
	isDigit := '0' <= c && c <= '9'
	switch {
	case e.form == emptyForm && c == '{':
		return braceForm
	case e.form == emptyForm && c == '[':
		return bracketForm
	case e.form == emptyForm && (isDigit || c == '-'):
		return valueForm
	case e.form == braceForm && isDigit:
		return pythonForm
	case e.form == braceForm, e.form == bracketForm && c == '{':
		return jsonForm
	case e.form == valueForm && c == '.':
		return fractionForm
	case e.form == fractionForm && c == ':':
		e.indexAt = e.headBytes
		return indexForm
	case e.form == indexForm && c == ':':
		return classForm
	case e.form >= valueForm && isDigit:
		return e.form
	}
	return labelForm
}

// parse takes value:index, the first bytes of head, apart.
func (e *element) parseClass(length int) bool {
	value, index := e.head[:e.indexAt-1], e.head[e.indexAt:length]
	if len(index) == 0 {
		return false
	}
	var scoreErr, classErr error
	e.score, scoreErr = strconv.ParseFloat(unsafe.String(&value[0], len(value)), 64)
	e.class, classErr = strconv.Atoi(unsafe.String(&index[0], len(index)))
	return scoreErr == nil && classErr == nil
}

// end tells what the whole is: labelForm, classForm, indexForm for a class
// without a label, or jsonForm.
func (e *element) end() form {
	switch e.form {
	case labelForm, classForm, jsonForm:
		return e.form
	case pythonForm:
		return jsonForm
	case braceForm:
		e.beginJSON()
		e.buffer(e.head[:e.headBytes])
		return jsonForm
	case indexForm:
		if e.parseClass(e.headBytes) {
			return indexForm
		}
	}
	e.label.AddAll(e.head[:e.headBytes])
	return labelForm
}

func (e *element) beginJSON() {
	if e.json == nil {
		e.json = &Scanner{isElement: true}
	}
	e.json.Reset(REST, e.options, e.visitor)
	e.key, e.textBytes = notInKey, copy(e.text[:], beforeElement)
}

// keep adds a chunk to the text.
func (e *element) buffer(chunk []byte) {
	for len(chunk) > 0 {
		if e.textBytes == len(e.text) {
			e.flush()
		}
		n := copy(e.text[e.textBytes:], chunk)
		e.textBytes += n
		chunk = chunk[n:]
	}
}

func (e *element) bufferByte(c byte) {
	if e.textBytes == len(e.text) {
		e.flush()
	}
	e.text[e.textBytes] = c
	e.textBytes++
}

// write gives the text to the scanner.
func (e *element) flush() {
	e.json.Write(e.text[:e.textBytes])
	e.textBytes = 0
}

// endJSON tells whether the element is one prediction.
func (e *element) endJSON() bool {
	for _, c := range []byte(afterElement) {
		e.bufferByte(c)
	}
	e.flush()
	return e.json.Close(0) == contract.OutcomeCounted && e.json.predictions == 1
}

// keepPython adds a byte to the text, and a quote before and after a key that is
// a number.
func (e *element) bufferPython(c byte) {
	isDigit := '0' <= c && c <= '9'
	if e.key == beforeKey && isDigit || e.key == inKey && !isDigit {
		e.bufferByte('"')
	}
	e.bufferByte(c)
	switch {
	case c == '{' || c == ',':
		e.key = beforeKey
	case isDigit && e.key != notInKey:
		e.key = inKey
	case c == ' ' && e.key == beforeKey:
	default:
		e.key = notInKey
	}
}
