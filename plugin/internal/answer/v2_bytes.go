package answer

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// An element is one element of a BYTES tensor. Most are a label. The other
// forms:
//
//	{"label": "joy", "score": 0.98}  JSON: an object as in V1's predictions, or a list of
//	                                 objects (MLServer's Hugging Face runtime)
//	{0: 0.02, 1: 0.98}               the same, as Python prints it (KServe's huggingfaceserver
//	                                 with --return_probabilities)
//	0.98:1:joy, 0.98:1               score, index and label of a class (Triton's
//	                                 classification extension); without a decimal point,
//	                                 as in 12:30, the element is a label
//
// An element that begins with { or [{ must be JSON, and is never a label.
//
// Sources: MLServer, codecs/jsonlist.py; KServe,
// huggingfaceserver/encoder_model.py and protocol/infer_type.py; Triton,
// extension_classification.md.
type element struct {
	_         [0]func() // no comparison; see json.Reader
	form      form
	head      [64]byte // the first bytes, kept until the form is known
	headBytes int      // length of head
	indexAt   int      // where the index begins in head

	label contract.Text
	class int
	score float64

	options   *Options
	visitor   Visitor   // of json
	json      *Scanner  // allocated by beginJSON
	key       keyPlace  // for pythonForm
	text      [256]byte // buffers input for json, since a string with many escapes comes in short chunks
	textBytes int       // length of text
}

// form is the form of an element, or the possible form so far.
type form uint8

const (
	emptyForm form = iota
	braceForm
	bracketForm
	valueForm    // in the score of score:index:label
	fractionForm // in the score, behind the point
	indexForm    // in the index
	labelForm    // final from here on
	classForm
	jsonForm
	pythonForm
)

// keyPlace is the position of the next byte in a dictionary printed by Python.
// To become JSON, a key needs quotes if it is a number.
type keyPlace uint8

const (
	notInKey keyPlace = iota
	beforeKey
	inKey
)

// An element between these texts is a V1 reply with a single prediction.
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

// forward passes a chunk to the reader of the form.
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

// classify reads a byte while the form is not final.
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

// nextForm returns the form after byte c.
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

// parseClass parses score:index from the first bytes of head.
func (e *element) parseClass(length int) bool {
	value, index := e.head[:e.indexAt-1], e.head[e.indexAt:length]
	if len(index) == 0 {
		return false
	}
	var isScore, isClass bool
	e.score, isScore = json.Parse(value)
	e.class, isClass = json.ParseIndex(index)
	return isScore && isClass
}

// end returns the form of the whole element: labelForm, classForm, indexForm (a
// class without a label) or jsonForm.
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

// buffer adds a chunk to text.
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

// flush writes text to the scanner.
func (e *element) flush() {
	e.json.Write(e.text[:e.textBytes])
	e.textBytes = 0
}

// endJSON reports whether the element is exactly a single prediction.
func (e *element) endJSON() bool {
	for _, c := range []byte(afterElement) {
		e.bufferByte(c)
	}
	e.flush()
	outcome := e.json.Close(0)
	if e.options.Answer == Labels {
		return outcome == contract.OutcomeCounted || outcome == contract.OutcomeNoPredictions
	}
	return outcome == contract.OutcomeCounted && e.json.predictions == 1
}

// bufferPython adds a byte to text, and quotes around a key that is a number.
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
