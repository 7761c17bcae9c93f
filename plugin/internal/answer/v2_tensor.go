package answer

import (
	"math"

	"github.com/moodring/moodring/contract"
)

// A tensor reads the outputs of a V2 reply, in JSON, as binary data or over
// gRPC. It selects one output and turns its elements, in row-major order, into
// predictions.
//
// The first dimension is the batch: each row is one prediction. At most one
// other dimension may be longer than 1. Outputs with more, such as an image or
// a vector for each token, are not read. An output without dimensions has one
// element.
//
//	datatype           a row of one element    a longer row
//	BYTES              a label                 labels; the first counts
//	INT*, UINT*, BOOL  the index of a class    scores of the classes
//	FP*, BF16          a number                scores of the classes
//
// The highest score wins; of equal scores, the first. The label of a class is
// its name in Options.Classes, or the index. An element of BYTES can also hold
// scores (type element). Evidence tells whether a number is the index of a class,
// and whether a row is scores. Rows of integers are scores only if they are
// quantised (eight bits), or if the options say so.
//
// Options.Output selects the output. By default, the output of the highest rank
// is read, and the first if several are equal. When an output of a higher rank
// follows, the predictions so far are discarded. If an element of the output
// does not fit the shape or the datatype, or is not finite, the reply is
// unparsed. Elements of other outputs are not checked.
//
// Sources: Open Inference Protocol, inference_rest.md; the replies of KServe
// (protocol/infer_type.py), MLServer and Triton.
type tensor struct {
	answers // without invalid elements so far in the selected output

	wanted   rank // the rank to select; unranked selects the highest
	selected rank // of the selected output; unranked if no output is selected yet
	isFinal  bool // the first readable output stays selected: other predictions must not be discarded

	datatype  datatype
	isColumn  bool   // the output has more than one dimension
	isScore   bool   // by its name, the output holds no classes but one score in each row
	needsTop  bool   // of the scores in a row, only the highest are needed
	remaining uint64 // elements still to come
	columns   uint64 // elements in a row

	ranks ranking // the scores of the row

	// Of an output of BYTES:
	mayHold     bool     // labels are kept until all outputs are known
	held        nameList // these labels
	isFlat      bool     // the output has one dimension, and no element was read yet
	column      uint64   // of the next element
	element     element
	topLabel    contract.Text // of the row's highest score; the first label if no element has a score
	hasTopLabel bool
}

func (t *tensor) reset(options *Options, visitor Visitor) {
	t.answers.reset(options, visitor)
	t.wanted, t.selected, t.isFinal, t.mayHold = unranked, unranked, false, false
	t.held.reset()
	t.element.options, t.element.visitor = options, (*elementVisitor)(t)
}

// nextMessage prepares for another message of the same reply. All messages must
// have an output of the same rank, and their predictions add up.
func (t *tensor) nextMessage() {
	if t.selected != unranked {
		t.wanted = t.selected
	}
	t.selected = unranked
}

// selectOutput reports whether the output with this header is read. If so, the
// caller passes its elements and calls endOutput.
func (t *tensor) selectOutput(h *header) bool {
	found := h.rank(t.options)
	if found <= t.selected || t.isFinal && t.selected != unranked || t.wanted != unranked && found != t.wanted {
		return false
	}
	if t.selected != unranked {
		t.visitor.Discard()
		t.discard()
	}
	t.selected = found
	t.beginOutput(h)
	return true
}

func (t *tensor) beginOutput(h *header) {
	t.datatype, t.remaining, t.columns = h.typeName.datatype(), h.rows*h.columns, h.columns
	t.ranks, t.isColumn, t.isScore = ranking{}, h.dimensions > 1, h.columns == 1 && h.name.isScore()
	t.needsTop = t.columns > 1 && !t.options.needsAll()
	t.isFlat, t.column, t.hasTopLabel = h.dimensions == 1, 0, false
	t.held.reset()
	t.element.reset()
}

// invalidate makes the reply unparsed, unless an output of a higher rank
// follows.
func (t *tensor) invalidate() { t.isValid = false }

// endOutput ends the elements of the selected output.
func (t *tensor) endOutput() {
	if t.remaining > 0 {
		t.invalidate()
	}
}

// nextElement counts an element, and reports whether to read the value.
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
	case value-value != 0: // not finite
		t.invalidate()
	case t.isSingle():
		t.addSingle(value, true, t.isColumn || t.isScore)
	default:
		t.addScore(value)
	}
}

// isSingle reports whether each row has one element that is a prediction by
// itself. A row of Labels has a score for each label, even if it has one.
func (t *tensor) isSingle() bool {
	return t.columns == 1 && (t.options.Answer != Labels || !t.isColumn)
}

func (t *tensor) addInteger(value int64) {
	switch {
	case !t.nextElement():
	case t.isSingle() && (t.options.Answer == Unexplained || t.options.Answer == Class):
		t.addIndex(value)
	case t.isSingle():
		t.addSingle(float64(value), false, t.isColumn)
	default:
		t.addScore(float64(value))
	}
}

// addIndex reports the index of a class, of any size.
func (t *tensor) addIndex(value int64) {
	if t.options.Answer == Unexplained {
		t.evidence |= evidenceOfSingle(float64(value), false, t.isColumn)
	}
	if t.options.setClassName(&t.class, int(value)); !t.hold(&t.class) {
		t.addPlain(&t.class)
	}
}

func (t *tensor) addUnsigned(value uint64) {
	switch {
	case value <= math.MaxInt64:
		t.addInteger(int64(value))
	case !t.nextElement():
	case t.isSingle():
		t.addSingle(float64(value), false, t.isColumn)
	default:
		t.addScore(float64(value))
	}
}

// addScore adds the score of the row's next class.
func (t *tensor) addScore(value float64) {
	if t.options.needsAll() {
		t.reportClass(t.ranks.n, value)
	}
	t.ranks.add(value)
	t.endScore()
}

// endScore ends a score, and with the last its row.
func (t *tensor) endScore() {
	if uint64(t.ranks.n) == t.columns {
		t.endRow()
	}
}

// endRow ends a row of scores.
func (t *tensor) endRow() {
	if isQuantised := !t.datatype.isFloat(); isQuantised && t.options.Answer == Unexplained && t.options.Output == "" {
		t.evidence |= t.ranks.evidenceOfQuantised()
	}
	t.addRow(&t.ranks, !t.datatype.isFloat() || t.options.Output != "")
	t.ranks = ranking{}
}

// AddAll implements json.Sink, for an element of BYTES, which endBytes ends.
func (t *tensor) AddAll(chunk []byte) {
	if t.isValid && t.remaining > 0 {
		if t.element.form == emptyForm && len(chunk) > 0 && (chunk[0] == '{' || chunk[0] == '[') {
			t.endHold() // the JSON in the element may report a prediction
		}
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
		t.columns = t.remaining + 1 // a single row, from Triton for a model without a batch
	}
	t.isFlat = false
	switch form {
	case jsonForm: // its scanner has reported the prediction
		if !e.endJSON() {
			t.invalidate()
		}
		t.predictions += e.json.predictions
		t.evidence |= e.json.evidence
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

// addLabel adds a label without a score.
func (t *tensor) addLabel() {
	switch {
	case t.options.Answer == Labels:
		t.report(&t.element.label, 0, false)
	case t.columns == 1:
		if !t.hold(&t.element.label) {
			t.addPlain(&t.element.label)
		}
	case !t.hasTopLabel:
		t.topLabel, t.hasTopLabel = t.element.label, true
	}
}

// addScoredLabel adds a label with a score.
func (t *tensor) addScoredLabel() {
	e := &t.element
	t.endHold()
	t.report(&e.label, e.score, true)
	if t.ranks.add(e.score) && t.options.Answer != Labels {
		t.topLabel, t.hasTopLabel = e.label, true
	}
}

func (t *tensor) endElement() {
	if t.column++; t.column < t.columns {
		return
	}
	if t.column = 0; t.hasTopLabel {
		t.hasTopLabel = false
		t.addPrediction(&t.topLabel, &t.ranks)
	}
	t.ranks = ranking{}
}

// elementVisitor receives the predictions of JSON elements.
type elementVisitor tensor

// Score implements Visitor.
func (e *elementVisitor) Score(label *contract.Text, score float64) { e.visitor.Score(label, score) }

// Value implements Visitor.
func (e *elementVisitor) Value(number float64) { e.visitor.Value(number) }

// Prediction implements Visitor.
func (e *elementVisitor) Prediction(prediction Prediction) { e.visitor.Prediction(prediction) }

// Discard does nothing: every element has a reply of its own. Model and Version
// do nothing: an element cannot name the model.
func (*elementVisitor) Discard()               {}
func (*elementVisitor) Model(*contract.Text)   {}
func (*elementVisitor) Version(*contract.Text) {}
