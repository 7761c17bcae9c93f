package answer

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/ascii"
)

// Some servers split predictions over several outputs of one float for each row:
//
//	top1_label, top1_prob   a label, and its score, in either order
//	proba_yes, proba_no     a score for each label (AutoGluon)
//
// A sides keeps the floats of up to maxSideRows rows until all outputs are known.
// Larger batches are read without these outputs.
type sides struct {
	scores  [maxSideRows]float64
	scored  int // rows of scores; 0 without
	scorers int // outputs with scores of labels; of several, none is known to be the label's
	classes nameList
	ended   int                  // classes whose scores have been read
	ranked  int                  // rows of ranks
	ranks   [maxSideRows]ranking // of the scores of classes, by row
	isBad   bool                 // an output has other rows, or a value that is no probability
	label   contract.Text

	// Outputs whose elements come after all outputs: binary tensors, or the raw
	// contents over gRPC.
	later   [maxLaterSides]side
	laters  int
	reading int // the number of the current output in later, or -1

	current side // output
	rows    int  // of the current output so far
	decoder rawDecoder
}

// A side is an output of a sides.
type side struct {
	datatype datatype
	rows     uint64
	class    int    // the number of the class, or -1 for scores of labels
	from, to uint64 // the position of a binary tensor, or the number of the raw contents
}

const (
	maxSideRows   = 16
	maxLaterSides = 16
)

func (s *sides) reset() {
	s.scored, s.scorers, s.ended, s.laters, s.reading, s.isBad = 0, 0, 0, 0, -1, false
	s.classes.reset()
}

// begin begins an output, and reports whether its elements belong to predictions
// of other outputs.
func (s *sides) begin(h *header) bool {
	datatype, name := h.typeName.datatype(), h.name.text[:h.name.length]
	if !datatype.isFloat() || h.columns != 1 || h.rows > maxSideRows || h.badShape || !h.hasShape {
		return false
	}
	s.current, s.rows, s.decoder = side{datatype: datatype, rows: h.rows, class: -1}, 0, rawDecoder{}
	if ascii.HasPrefix(name, "proba_") {
		s.label.Reset()
		s.label.AddAll(name[len("proba_"):])
		s.current.class = s.classes.n
		s.classes.add(&s.label)
		return true
	}
	if !h.name.isScore() {
		return false
	}
	s.scorers++
	return true
}

// leave leaves the elements of the current output for later.
func (s *sides) leave(from, to uint64) {
	if s.laters == maxLaterSides {
		s.isBad = true
		return
	}
	s.current.from, s.current.to = from, to
	s.later[s.laters] = s.current
	s.laters++
}

// find returns the number of the output that was left at a position, or -1.
func (s *sides) find(from uint64) (output int) {
	for output = range s.laters {
		if s.later[output].from == from {
			return output
		}
	}
	return -1
}

// writeLater reads a part of the elements of an output that was left. isEnd is set
// with the last part.
func (s *sides) writeLater(output int, part []byte, isEnd bool) {
	if s.reading != output {
		s.reading, s.current, s.rows, s.decoder = output, s.later[output], 0, rawDecoder{}
	}
	of := s.current.datatype
	for _, c := range part {
		if s.decoder.addByte(c, of.bits()) {
			s.add(of.float(s.decoder.bits))
			s.decoder = rawDecoder{}
		}
	}
	if isEnd {
		s.end()
	}
}

func (s *sides) add(value float64) {
	class := s.current.class
	if s.rows == maxSideRows || class >= 0 && class != s.ended || !(value >= 0 && value <= 1) {
		s.isBad = true
		return
	}
	if class == 0 {
		s.ranks[s.rows] = ranking{}
	}
	if class < 0 {
		s.scores[s.rows] = value
	} else {
		s.ranks[s.rows].add(value)
	}
	s.rows++
}

// end ends the current output.
func (s *sides) end() {
	switch {
	case uint64(s.rows) != s.current.rows || s.decoder.shift > 0:
		s.isBad = true
	case s.current.class < 0:
		s.scored = s.rows
	case s.ended > 0 && s.ranked != s.rows:
		s.isBad = true
	default:
		s.ranked = s.rows
		s.ended++
	}
}

// takesSides reports whether predictions may need several outputs.
func (t *tensor) takesSides() bool {
	return (t.options.Answer == Unexplained || t.options.Answer == Class) && t.options.Output == "" && !t.isFinal
}

// beginHold begins to keep the labels of the selected output, if they may get their
// scores from another output.
func (t *tensor) beginHold() {
	t.mayHold = t.columns == 1 && t.remaining <= maxSideRows && !t.datatype.isFloat()
}

// hold keeps a label until all outputs are known. If there are too many labels, or
// one is too long, hold reports those before, and returns false.
func (t *tensor) hold(label *contract.Text) bool {
	if !t.mayHold {
		return false
	}
	if t.held.add(label); t.held.kept == t.held.n {
		return true
	}
	t.held.n = t.held.kept
	t.endHold()
	return false
}

// endHold reports the labels that were kept, and keeps no more.
func (t *tensor) endHold() {
	if t.mayHold {
		t.mayHold = false
		t.reportHeld(nil)
	}
}

// reportHeld reports the labels that were kept, with their scores if there are
// any.
func (t *tensor) reportHeld(s *sides) {
	isScored := s != nil && !s.isBad && s.scorers == 1 && s.scored == t.held.n
	label := &t.class
	for i := 0; t.held.get(label, i); i++ {
		var ranks ranking
		if isScored {
			ranks.add(s.scores[i])
			t.report(label, s.scores[i], true)
		}
		t.addPrediction(label, &ranks)
	}
	t.held.reset()
}

// endSides reports the predictions that need several outputs.
func (t *tensor) endSides(s *sides) {
	t.reportHeld(s)
	if s.isBad || t.selected != floatSingle || s.classes.n < 2 || s.classes.kept < s.classes.n || s.ended < s.classes.n {
		return
	}
	t.visitor.Discard()
	t.discard()
	for row := range s.ranked {
		ranks := &s.ranks[row]
		if t.options.Answer == Unexplained {
			t.evidence |= ranks.evidence(true)
		}
		s.classes.get(&s.label, ranks.topIndex)
		t.addPrediction(&s.label, ranks)
	}
}
