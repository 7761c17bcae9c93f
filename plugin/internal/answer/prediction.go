package answer

import (
	"math"
	"strconv"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// ranking finds the highest of the scores that it is given, the first of
// equals, and the second.
type ranking struct {
	n           int
	topIndex    int     // of the top score, by order
	top, second float64 // of one score or more, and of two or more
}

// add returns whether the score is the top one.
func (r *ranking) add(score float64) bool {
	r.n++
	switch {
	case r.n == 1 || score > r.top:
		r.top, r.second, r.topIndex = score, r.top, r.n-1
		return true
	case r.n == 2 || score > r.second:
		r.second = score
	}
	return false
}

// list is one prediction that is given as a list: of scored labels, of scores,
// or of one string.
type list struct {
	kind    json.Kind // of its members
	members int
	ranks   ranking
	label   contract.Text // the top one; the first where none has a score
}

func (l *list) reset() { l.members, l.ranks = 0, ranking{} }

// takes tells whether a value of the kind may be the next member.
func (l *list) acceptKind(value json.Kind) bool {
	if l.members == 0 {
		l.kind = value
		return value == json.Object || value == json.Number || value == json.String
	}
	return l.kind == value && value != json.String
}

// addLabel takes a scored label, or one without a score, which any score beats.
func (l *list) addLabel(label *contract.Text, score float64, isScored bool) {
	l.members++
	isTop := l.members == 1
	if isScored {
		isTop = l.ranks.add(score)
	}
	if isTop {
		l.label = *label
	}
}

// name puts the name of a class into text: the options' for it, or its index.
func (o *Options) setClassName(text *contract.Text, index int) {
	text.Reset()
	if 0 <= index && index < len(o.Classes) {
		text.AddAll([]byte(o.Classes[index]))
		return
	}
	var digits [20]byte
	text.AddAll(strconv.AppendInt(digits[:0], int64(index), 10))
}

// isWhole tells whether number can be a class's index: a whole number that a
// float64 holds exactly.
func isWholeNumber(number float64) bool {
	return math.Trunc(number) == number && math.Abs(number) < 1<<53
}
