package answer

import (
	"math"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/ascii"
	"github.com/moodring/moodring/plugin/internal/json"
)

// A ranking finds the highest and the second highest of the scores added. Of
// equal scores, the first is the highest.
type ranking struct {
	n           int     // scores added
	topIndex    int     // of the highest score
	top, second float64 // valid after one score, and after two
	least, sum  float64 // least is valid after one score
	rises       bool    // a score is as high as one before it
}

// add reports whether score is the highest so far. It is not inlined, for the size
// of the module.
//
//go:noinline
func (r *ranking) add(score float64) bool {
	if r.n == 0 {
		r.n, r.top, r.least, r.sum = 1, score, score, score
		return true
	}
	if r.skip(score); score > r.top {
		r.top, r.second, r.topIndex = score, r.top, r.n-1
		return true
	}
	if r.n == 2 || score > r.second {
		r.second = score
	}
	return false
}

// skip counts a score that is not the first, and neither the highest nor the second
// highest.
func (r *ranking) skip(score float64) {
	r.sum += score
	r.n++
	if score > r.least-leastFall {
		if r.rises = true; score >= r.least {
			return
		}
	}
	r.least = score
}

// leastFall is the least difference between two scores in descending order. Scores
// that are equal on their way to skip can differ by their rounding.
const leastFall = 1e-10

// A list is a prediction written as a JSON array: of scored labels, of scores,
// or of a single string.
type list struct {
	kind      json.Kind // of the members
	members   int
	isDecimal bool // the first member is a number with a point or an exponent
	ranks     ranking
	label     contract.Text // of the highest score; the first label if no member has a score
}

func (l *list) reset() { l.members, l.ranks = 0, ranking{} }

// acceptKind reports whether a value of this kind may be the next member. The
// first member sets the kind of the list.
func (l *list) acceptKind(value json.Kind) bool {
	if l.members == 0 {
		l.kind = value
		return value != json.Array && value != json.Null
	}
	return l.kind == value
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
	text.AddAll(ascii.AppendInt(digits[:0], int64(index)))
}

// positive returns the class that the probability of class 1 means, and the ranks
// of both classes.
func (o *Options) positive(probability float64) (class int, ranks ranking) {
	if o.isIn(probability) {
		class = 1
	} else {
		probability = 1 - probability
	}
	return class, ranking{n: 2, topIndex: class, top: probability, second: 1 - probability}
}

// setFlag sets text to the name of a class, by a value of true or false.
func (o *Options) setFlag(text *contract.Text, is bool) {
	index, name := 0, "false"
	if is {
		index, name = 1, "true"
	}
	if index < len(o.Classes) {
		name = o.Classes[index]
	}
	text.Reset()
	text.AddAll([]byte(name))
}

// answers reports the predictions of a reply to a Visitor, by the meaning that
// the options give to numbers.
type answers struct {
	visitor Visitor
	options *Options

	names *nameList // of the classes in a row of scores, or nil

	isValid     bool // every value so far has an accepted shape
	predictions int  // reported so far
	evidence    Evidence
	class       contract.Text // the name of a class, or a label without a score
}

func (a *answers) reset(options *Options, visitor Visitor) {
	a.visitor, a.options, a.names = visitor, options, nil
	a.discard()
}

func (a *answers) discard() { a.isValid, a.predictions, a.evidence = true, 0, 0 }

// addSingle reports a prediction that is one number. Without Options.Answer, any
// number is reported: the model's Evidence tells whether the reply counts.
func (a *answers) addSingle(number float64, isDecimal, isColumn bool) {
	switch {
	case a.options.Answer == Number:
		a.predictions++
		a.visitor.Value(number)
	case a.options.Answer == Positive:
		a.addPositive(number)
	case a.options.Answer == Unexplained:
		a.evidence |= evidenceOfSingle(number, isDecimal, isColumn)
		a.predictions++
		if isWholeNumber(number) {
			a.predictions--
			a.addClass(int(number), &ranking{})
		}
	case isWholeNumber(number):
		a.addClass(int(number), &ranking{})
	default:
		a.isValid = false
	}
}

// addPositive reports a prediction by the probability of class 1.
func (a *answers) addPositive(probability float64) {
	if probability < 0 || probability > 1 {
		a.isValid = false
		return
	}
	if a.options.Scores {
		a.visitor.Score(a.className(0), 1-probability)
		a.visitor.Score(a.className(1), probability)
	}
	class, ranks := a.options.positive(probability)
	a.addClass(class, &ranks)
}

// addClass reports a prediction with the class of this index.
func (a *answers) addClass(index int, ranks *ranking) { a.addPrediction(a.className(index), ranks) }

// className returns the name of the class of an index.
func (a *answers) className(index int) *contract.Text {
	a.options.setClassName(&a.class, index)
	return &a.class
}

// columnName returns the name of the class of a column. The reply may name it, if the
// options do not.
func (a *answers) columnName(index int) *contract.Text {
	if a.names != nil && len(a.options.Classes) == 0 && a.names.get(&a.class, index) {
		return &a.class
	}
	return a.className(index)
}

// addRow reports the prediction of a row of scores, with a score for each class.
// isExplained is set if the server or the options say that these are scores.
func (a *answers) addRow(ranks *ranking, isExplained bool) {
	switch {
	case a.options.Answer == Labels: // each label has been reported
		return
	case a.options.Answer == Number:
		a.isValid = false
		return
	case a.options.Answer == Unexplained && !isExplained:
		a.evidence |= ranks.evidence(false)
	}
	a.addPrediction(a.columnName(ranks.topIndex), ranks)
}

// reportClass reports the score of the class of a column.
func (a *answers) reportClass(index int, score float64) {
	a.report(a.columnName(index), score, true)
}

// report reports the score of a label, and the label itself if it belongs to a
// prediction of Labels.
func (a *answers) report(label *contract.Text, score float64, isScored bool) {
	if a.options.needsAll() {
		a.reportNeeded(label, score, isScored)
	}
}

// reportNeeded reports a score to which Options.needsAll applies.
func (a *answers) reportNeeded(label *contract.Text, score float64, isScored bool) {
	if a.options.Scores && isScored {
		a.visitor.Score(label, score)
	}
	if a.options.Answer == Labels && (!isScored || a.options.isIn(score)) {
		a.predictions++
		a.visitor.Prediction(Prediction{Label: label, Score: score, IsScored: isScored})
	}
}

// addPlain reports a prediction that is a label without a score.
func (a *answers) addPlain(label *contract.Text) { a.addPrediction(label, &ranking{}) }

// addPrediction reports a prediction. A model that answers numbers has none with
// a label.
func (a *answers) addPrediction(label *contract.Text, ranks *ranking) {
	if a.options.Answer == Number {
		a.isValid = false
		return
	}
	prediction := Prediction{Label: label, Score: ranks.top, IsScored: ranks.n > 0}
	if a.options.Margins && ranks.n > 1 {
		prediction.Margin, prediction.HasMargin = ranks.top-ranks.second, true
	}
	a.predictions++
	a.visitor.Prediction(prediction)
}

// isWholeNumber reports whether number can be the index of a class: an integer
// that float64 represents exactly.
func isWholeNumber(number float64) bool {
	return math.Trunc(number) == number && math.Abs(number) < 1<<53
}
