package answer

import (
	"math"
	"strconv"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// A ranking finds the highest and the second highest of the scores added. Of
// equal scores, the first is the highest.
type ranking struct {
	n           int     // scores added
	topIndex    int     // of the highest score
	top, second float64 // valid after one score, and after two
}

// add reports whether score is the highest so far.
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

// A list is a prediction written as a JSON array: of scored labels, of scores,
// or of a single string.
type list struct {
	kind    json.Kind // of the members
	members int
	ranks   ranking
	label   contract.Text // of the highest score; the first label if no member has a score
}

func (l *list) reset() { l.members, l.ranks = 0, ranking{} }

// acceptKind reports whether a value of this kind may be the next member. The
// first member sets the kind of the list.
func (l *list) acceptKind(value json.Kind) bool {
	if l.members == 0 {
		l.kind = value
		return value == json.Object || value == json.Number || value == json.String
	}
	return l.kind == value && value != json.String
}

// addLabel adds a label, with or without a score. A label with a score is
// always higher than a label without.
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

// setClassName sets text to the name of a class, or to the index if the class
// has no name.
func (o *Options) setClassName(text *contract.Text, index int) {
	text.Reset()
	if 0 <= index && index < len(o.Classes) {
		text.AddAll([]byte(o.Classes[index]))
		return
	}
	var digits [20]byte
	text.AddAll(strconv.AppendInt(digits[:0], int64(index), 10))
}

// isWholeNumber reports whether number can be the index of a class: an integer
// that float64 represents exactly.
func isWholeNumber(number float64) bool {
	return math.Trunc(number) == number && math.Abs(number) < 1<<53
}
