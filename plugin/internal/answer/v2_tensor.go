package answer

import (
	"math"
	"strconv"

	"github.com/moodring/moodring/contract"
)

// tensor reads the outputs of a V2 reply, however they are framed: it chooses
// the one that answers, and turns its elements, which come in row-major order,
// into predictions.
//
// The first dimension is the batch: a row each. Of the others one at most may be
// longer than 1, or the output is an image, a vector for each token or the like,
// and no answer. No dimension at all is one element.
//
//	datatype           a row of one             a longer row
//	BYTES              a label                  labels, of which the first counts
//	INT*, UINT*, BOOL  a class's index          scores of the classes
//	FP*, BF16          not read: a regression   scores of the classes
//
// The highest score counts, and the first of equals. A class is called as
// Options.Classes has it, or by its index. With Options.Classes a row of one
// float is read as well, as a class's index: XGBoost's multi:softmax gives it so.
// Elements of BYTES can be more than labels; type element has it.
//
// One output is read: Options.Output, or else the first of the best kind. Where
// a better one comes later, the answers so far are taken back. In the output that
// is read, elements that do not fit the shape, are not of the datatype or not
// finite make the reply unreadable; in all others they are nobody's business.
//
// Sources: Open Inference Protocol, inference_rest.md; what KServe's
// protocol/infer_type.py, MLServer and Triton send.
type tensor struct {
	options *Options
	visitor Visitor

	wanted      rank // of the output to be read; noKind leaves the choice
	selected    rank // of the output that is read
	isValid     bool // what was read of it
	predictions int

	datatype  datatype
	remaining uint64 // elements that are still to come
	columns   uint64 // of a row

	ranks ranking       // the row's scores
	label contract.Text // of a class

	// Of BYTES:
	isFlat      bool   // the output has one dimension, and no element was read yet
	column      uint64 // of the next element
	element     element
	topLabel    contract.Text // the row's label: of the top score, or the first where none has one
	hasTopLabel bool
}

func (t *tensor) reset(options *Options, answers Visitor) {
	t.options, t.visitor = options, answers
	t.wanted, t.selected, t.isValid, t.predictions = unranked, unranked, true, 0
	t.element.options, t.element.visitor = options, (*elementVisitor)(t)
}

// next follows a reply's message where another one comes, which adds to its
// answers.
func (t *tensor) nextMessage() {
	if t.selected != unranked {
		t.wanted = t.selected
	}
	t.selected = unranked
}

// choose tells whether the output with this header is to be read: its elements
// follow, and then end.
func (t *tensor) selectOutput(h *header) bool {
	found := h.rank(t.options)
	if found <= t.selected || t.wanted != unranked && found != t.wanted {
		return false
	}
	if t.selected != unranked {
		t.visitor.Discard()
		t.isValid, t.predictions = true, 0
	}
	t.selected = found
	t.beginOutput(h)
	return true
}

func (t *tensor) beginOutput(h *header) {
	t.datatype, t.remaining, t.columns = h.typeName.datatype(), h.rows*h.columns, h.columns
	t.ranks = ranking{}
	t.isFlat, t.column, t.hasTopLabel = h.dimensions == 1, 0, false
	t.element.reset()
}

// spoil makes the output unreadable.
func (t *tensor) invalidate() { t.isValid = false }

// end follows an output's last element.
func (t *tensor) endOutput() {
	if t.remaining > 0 {
		t.invalidate()
	}
}

// take tells whether one more element is to be read.
func (t *tensor) nextElement() bool {
	if t.remaining == 0 {
		t.invalidate()
	}
	if !t.isValid {
		return false
	}
	t.remaining--
	return true
}

func (t *tensor) addFloat(value float64) {
	switch {
	case !t.nextElement():
	case value-value != 0: // it is not finite
		t.invalidate()
	case t.selected != floatIndex:
		t.addScore(value)
	case value >= 0 && value < float64(len(t.options.Classes)) && value == math.Trunc(value):
		t.addClass(int(value))
	default:
		t.invalidate()
	}
}

func (t *tensor) addInteger(value int64) {
	switch {
	case !t.nextElement():
	case t.selected == integerIndex:
		t.addClass(int(value))
	default:
		t.addScore(float64(value))
	}
}

func (t *tensor) addUnsigned(value uint64) {
	switch {
	case value <= math.MaxInt64:
		t.addInteger(int64(value))
	case !t.nextElement():
	case t.selected == integerIndex:
		var digits [20]byte
		t.label.Reset()
		t.label.AddAll(strconv.AppendUint(digits[:0], value, 10))
		t.addPrediction(&t.label)
	default:
		t.addScore(float64(value))
	}
}

func (t *tensor) addClass(class int) {
	t.options.setClassName(&t.label, class)
	t.addPrediction(&t.label)
}

// score takes that of the row's next class.
func (t *tensor) addScore(value float64) {
	if t.options.Scores {
		t.options.setClassName(&t.label, t.ranks.n)
		t.visitor.Score(&t.label, value)
	}
	if t.ranks.add(value); uint64(t.ranks.n) == t.columns {
		t.addClass(t.ranks.topIndex)
	}
}

// AddAll adds a chunk of an element of BYTES, which endBytes ends.
func (t *tensor) AddAll(chunk []byte) {
	if t.isValid && t.remaining > 0 {
		t.element.AddAll(chunk)
	}
}

func (t *tensor) endBytes() {
	if !t.nextElement() {
		return
	}
	e := &t.element
	form := e.end()
	if t.isFlat && (form == indexForm || form == classForm) {
		t.columns = t.remaining + 1 // Triton's, of a model without a batch
	}
	t.isFlat = false
	switch form {
	case jsonForm: // which has answered
		if !e.endJSON() {
			t.invalidate()
		}
	case labelForm:
		t.addLabel()
	case indexForm:
		t.options.setClassName(&e.label, e.class)
		t.addScoredLabel()
	case classForm:
		t.addScoredLabel()
	}
	e.reset()
	t.endElement()
}

// enter takes an element that is a label.
func (t *tensor) addLabel() {
	switch {
	case t.columns == 1:
		t.addPrediction(&t.element.label)
	case !t.hasTopLabel:
		t.topLabel, t.hasTopLabel = t.element.label, true
	}
}

// enterScored takes an element that is a label with a score.
func (t *tensor) addScoredLabel() {
	e := &t.element
	if t.options.Scores {
		t.visitor.Score(&e.label, e.score)
	}
	if t.ranks.add(e.score) {
		t.topLabel, t.hasTopLabel = e.label, true
	}
}

func (t *tensor) endElement() {
	if t.column++; t.column < t.columns {
		return
	}
	if t.column = 0; t.hasTopLabel {
		t.hasTopLabel = false
		t.addPrediction(&t.topLabel)
	}
}

// answer ends a row.
func (t *tensor) addPrediction(label *contract.Text) {
	prediction := Prediction{Label: label, Score: t.ranks.top, IsScored: t.ranks.n > 0}
	if t.options.Margins && t.ranks.n > 1 {
		prediction.Margin, prediction.HasMargin = t.ranks.top-t.ranks.second, true
	}
	t.predictions++
	t.visitor.Prediction(prediction)
	t.ranks = ranking{}
}

// elements takes the answers of elements that are JSON.
type elementVisitor tensor

// Score passes on.
func (e *elementVisitor) Score(label *contract.Text, score float64) { e.visitor.Score(label, score) }

// Prediction passes on, and counts.
func (e *elementVisitor) Prediction(prediction Prediction) {
	e.predictions++
	e.visitor.Prediction(prediction)
}

// Discard has nothing to take back: an element is the first that its scanner
// reads. Model and Version are none of its business.
func (*elementVisitor) Discard()               {}
func (*elementVisitor) Model(*contract.Text)   {}
func (*elementVisitor) Version(*contract.Text) {}
