package answer

import (
	"bytes"

	"github.com/moodring/moodring/contract"
)

// Some servers split predictions over several outputs of one float for each row:
//
//	top1_label, top1_prob   a label, and its score, in either order
//	proba_yes, proba_no     a score for each label (AutoGluon)
//
// A sides keeps the floats of up to maxSideRows rows until all outputs are known.
// Larger batches are read without these outputs.
type sides struct {
	rows    int // of the current output so far
	scores  [maxSideRows]float64
	scored  int // rows of scores; 0 without
	classes nameList
	ranks   [maxSideRows]ranking // of the scores of classes, by row
	ranked  int                  // rows of ranks
	isBad   bool                 // an output has other rows, or a value that is no probability
	isClass bool                 // the current output is of a class
	label   contract.Text
}

const maxSideRows = 16

func (s *sides) reset() {
	s.scored, s.ranked, s.isBad = 0, 0, false
	s.classes.reset()
}

// begin begins an output, and reports whether its elements belong to predictions
// of other outputs.
func (s *sides) begin(h *header, name []byte) bool {
	if !h.typeName.datatype().isFloat() || h.columns != 1 || h.rows > maxSideRows || h.badShape || !h.hasShape {
		return false
	}
	s.rows = 0
	if s.isClass = bytes.HasPrefix(name, []byte("proba_")); s.isClass {
		s.label.Reset()
		s.label.AddAll(name[len("proba_"):])
		s.classes.add(&s.label)
		return true
	}
	return bytes.Contains(name, []byte("prob")) || bytes.Contains(name, []byte("score")) || bytes.Contains(name, []byte("conf"))
}

func (s *sides) add(value float64) {
	if s.rows == maxSideRows || value < 0 || value > 1 {
		s.isBad = true
		return
	}
	if !s.isClass {
		s.scores[s.rows] = value
	} else {
		if s.classes.n == 1 {
			s.ranks[s.rows] = ranking{}
		}
		s.ranks[s.rows].add(value)
	}
	s.rows++
}

// end ends an output that should have this many rows.
func (s *sides) end(rows uint64) {
	switch {
	case uint64(s.rows) != rows:
		s.isBad = true
	case !s.isClass:
		s.scored = s.rows
	case s.classes.n > 1 && s.ranked != s.rows:
		s.isBad = true
	default:
		s.ranked = s.rows
	}
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
	t.reportHeld(nil)
	t.mayHold = false
	return false
}

// reportHeld reports the labels that were kept, with their scores if there are
// any.
func (t *tensor) reportHeld(s *sides) {
	isScored := s != nil && !s.isBad && s.scored == t.held.n
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
	if s.isBad || t.selected != floatSingle || s.classes.n < 2 || s.classes.kept < s.classes.n {
		return
	}
	t.visitor.Discard()
	t.discard()
	for row := range s.ranked {
		ranks := &s.ranks[row]
		if t.options.Answer == "" {
			t.evidence |= ranks.evidence()
		}
		s.classes.get(&s.label, ranks.topIndex)
		t.addPrediction(&s.label, ranks)
	}
}
