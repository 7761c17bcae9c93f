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
	answers Visitor

	wanted   kind // of the output to be read; noKind leaves the choice
	chosen   kind // of the output that is read
	isSound  bool // what was read of it
	answered int

	datatype datatype
	left     uint64 // elements that are still to come
	columns  uint64 // of a row

	ranks ranking       // the row's scores
	label contract.Text // of a class

	// Of BYTES:
	isFlat    bool   // the output has one dimension, and no element was read yet
	column    uint64 // of the next element
	element   element
	leader    contract.Text // the row's label: of the top score, or the first where none has one
	hasLeader bool
}

func (t *tensor) reset(options *Options, answers Visitor) {
	t.options, t.answers = options, answers
	t.wanted, t.chosen, t.isSound, t.answered = noKind, noKind, true, 0
	t.element.options, t.element.answers = options, (*elements)(t)
}

// next follows a reply's message where another one comes, which adds to its
// answers.
func (t *tensor) next() {
	if t.chosen != noKind {
		t.wanted = t.chosen
	}
	t.chosen = noKind
}

// choose tells whether the output with this header is to be read: its elements
// follow, and then end.
func (t *tensor) choose(h *header) bool {
	found := h.kind(t.options)
	if found <= t.chosen || t.wanted != noKind && found != t.wanted {
		return false
	}
	if t.chosen != noKind {
		t.answers.Discard()
		t.isSound, t.answered = true, 0
	}
	t.chosen = found
	t.begin(h)
	return true
}

func (t *tensor) begin(h *header) {
	t.datatype, t.left, t.columns = h.typeName.datatype(), h.batch*h.columns, h.columns
	t.ranks = ranking{}
	t.isFlat, t.column, t.hasLeader = h.dimensions == 1, 0, false
	t.element.reset()
}

// spoil makes the output unreadable.
func (t *tensor) spoil() { t.isSound = false }

// end follows an output's last element.
func (t *tensor) end() {
	if t.left > 0 {
		t.spoil()
	}
}

// take tells whether one more element is to be read.
func (t *tensor) take() bool {
	if t.left == 0 {
		t.spoil()
	}
	if !t.isSound {
		return false
	}
	t.left--
	return true
}

func (t *tensor) float(value float64) {
	switch {
	case !t.take():
	case value-value != 0: // it is not finite
		t.spoil()
	case t.chosen != floatIndex:
		t.score(value)
	case value >= 0 && value < float64(len(t.options.Classes)) && value == math.Trunc(value):
		t.answerClass(int(value))
	default:
		t.spoil()
	}
}

func (t *tensor) integer(value int64) {
	switch {
	case !t.take():
	case t.chosen == integerIndex:
		t.answerClass(int(value))
	default:
		t.score(float64(value))
	}
}

func (t *tensor) unsigned(value uint64) {
	switch {
	case value <= math.MaxInt64:
		t.integer(int64(value))
	case !t.take():
	case t.chosen == integerIndex:
		var digits [20]byte
		t.label.Reset()
		t.label.AddAll(strconv.AppendUint(digits[:0], value, 10))
		t.answer(&t.label)
	default:
		t.score(float64(value))
	}
}

func (t *tensor) answerClass(class int) {
	t.options.name(&t.label, class)
	t.answer(&t.label)
}

// score takes that of the row's next class.
func (t *tensor) score(value float64) {
	if t.options.Scores {
		t.options.name(&t.label, t.ranks.n)
		t.answers.Score(&t.label, value)
	}
	if t.ranks.add(value); uint64(t.ranks.n) == t.columns {
		t.answerClass(t.ranks.at)
	}
}

// AddAll adds a piece of an element of BYTES, which endBytes ends.
func (t *tensor) AddAll(piece []byte) {
	if t.isSound && t.left > 0 {
		t.element.AddAll(piece)
	}
}

func (t *tensor) endBytes() {
	if !t.take() {
		return
	}
	e := &t.element
	form := e.end()
	if t.isFlat && (form == indexForm || form == classForm) {
		t.columns = t.left + 1 // Triton's, of a model without a batch
	}
	t.isFlat = false
	switch form {
	case jsonForm: // which has answered
		if !e.endJSON() {
			t.spoil()
		}
	case labelForm:
		t.enter()
	case indexForm:
		t.options.name(&e.label, e.class)
		t.enterScored()
	case classForm:
		t.enterScored()
	}
	e.reset()
	t.endElement()
}

// enter takes an element that is a label.
func (t *tensor) enter() {
	switch {
	case t.columns == 1:
		t.answer(&t.element.label)
	case !t.hasLeader:
		t.leader, t.hasLeader = t.element.label, true
	}
}

// enterScored takes an element that is a label with a score.
func (t *tensor) enterScored() {
	e := &t.element
	if t.options.Scores {
		t.answers.Score(&e.label, e.score)
	}
	if t.ranks.add(e.score) {
		t.leader, t.hasLeader = e.label, true
	}
}

func (t *tensor) endElement() {
	if t.column++; t.column < t.columns {
		return
	}
	if t.column = 0; t.hasLeader {
		t.hasLeader = false
		t.answer(&t.leader)
	}
}

// answer ends a row.
func (t *tensor) answer(label *contract.Text) {
	prediction := Prediction{Label: label, Score: t.ranks.top, IsScored: t.ranks.n > 0}
	if t.options.Margins && t.ranks.n > 1 {
		prediction.Margin, prediction.HasMargin = t.ranks.top-t.ranks.second, true
	}
	t.answered++
	t.answers.Prediction(prediction)
	t.ranks = ranking{}
}

// elements takes the answers of elements that are JSON.
type elements tensor

// Score passes on.
func (e *elements) Score(label *contract.Text, score float64) { e.answers.Score(label, score) }

// Prediction passes on, and counts.
func (e *elements) Prediction(prediction Prediction) {
	e.answered++
	e.answers.Prediction(prediction)
}

// Discard has nothing to take back: an element is the first that its scanner
// reads. Model and Version are none of its business.
func (*elements) Discard()               {}
func (*elements) Model(*contract.Text)   {}
func (*elements) Version(*contract.Text) {}
