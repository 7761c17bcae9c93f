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
	form form
	head [64]byte // what came before the form was known
	n    int      // bytes of head
	cut  int      // where the index begins in it

	label contract.Text
	class int
	score float64

	options *Options
	answers Visitor   // of JSON
	json    *Scanner  // made when it is first needed
	key     keyPlace  // in what Python printed
	text    [256]byte // for json: strings come in short pieces where they are full of escapes
	length  int       // of text
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
	e.form, e.n = emptyForm, 0
}

// AddAll adds a piece of the element.
func (e *element) AddAll(piece []byte) {
	if e.form == emptyForm && len(piece) > 0 && e.next(piece[0]) == labelForm {
		e.form = labelForm
	}
	for len(piece) > 0 && e.form < labelForm {
		e.look(piece[0])
		piece = piece[1:]
	}
	e.pass(piece)
}

// pass hands a piece on to what reads the form.
func (e *element) pass(piece []byte) {
	switch e.form {
	case labelForm, classForm:
		e.label.AddAll(piece)
	case jsonForm:
		e.keep(piece)
	case pythonForm:
		for _, c := range piece {
			e.keepPython(c)
		}
	}
}

// look takes a byte while the form is not known.
func (e *element) look(c byte) {
	e.head[e.n] = c
	e.n++
	e.form = e.next(c)
	switch {
	case e.form == classForm && e.parse(e.n-1):
		return
	case e.form == jsonForm || e.form == pythonForm:
		e.beginJSON()
	case e.form >= labelForm || e.n == len(e.head):
		e.form = labelForm
	}
	e.pass(e.head[:e.n])
}

// next returns the form after one more byte.
func (e *element) next(c byte) form {
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
		e.cut = e.n
		return indexForm
	case e.form == indexForm && c == ':':
		return classForm
	case e.form >= valueForm && isDigit:
		return e.form
	}
	return labelForm
}

// parse takes value:index, the first bytes of head, apart.
func (e *element) parse(length int) bool {
	value, index := e.head[:e.cut-1], e.head[e.cut:length]
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
		e.keep(e.head[:e.n])
		return jsonForm
	case indexForm:
		if e.parse(e.n) {
			return indexForm
		}
	}
	e.label.AddAll(e.head[:e.n])
	return labelForm
}

func (e *element) beginJSON() {
	if e.json == nil {
		e.json = &Scanner{isElement: true}
	}
	e.json.Reset(REST, e.options, e.answers)
	e.key, e.length = notInKey, copy(e.text[:], beforeElement)
}

// keep adds a piece to the text.
func (e *element) keep(piece []byte) {
	for len(piece) > 0 {
		if e.length == len(e.text) {
			e.write()
		}
		n := copy(e.text[e.length:], piece)
		e.length += n
		piece = piece[n:]
	}
}

func (e *element) keepByte(c byte) {
	if e.length == len(e.text) {
		e.write()
	}
	e.text[e.length] = c
	e.length++
}

// write gives the text to the scanner.
func (e *element) write() {
	e.json.Write(e.text[:e.length])
	e.length = 0
}

// endJSON tells whether the element is one prediction.
func (e *element) endJSON() bool {
	for _, c := range []byte(afterElement) {
		e.keepByte(c)
	}
	e.write()
	return e.json.Close(0) == contract.OutcomeCounted && e.json.answered == 1
}

// keepPython adds a byte to the text, and a quote before and after a key that is
// a number.
func (e *element) keepPython(c byte) {
	isDigit := '0' <= c && c <= '9'
	if e.key == beforeKey && isDigit || e.key == inKey && !isDigit {
		e.keepByte('"')
	}
	e.keepByte(c)
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
