package answer

import "math"

// Evidence says how a model uses numbers that nobody has explained: in a reply,
// or in all replies of the model so far. A model's replies decide together. A
// single number that can be no class, or a single row that can be no
// distribution, is enough to rule out this meaning for good.
type Evidence uint8

// Findings.
const (
	Singles     Evidence = 1 << iota // predictions of one number each
	ClassIndex                       // one of these numbers is written as the index of a class
	NoClass                          // one of these numbers is no index of a class
	Rows                             // predictions of several numbers each
	Probability                      // one of these rows is a distribution
	NoRow                            // one of these rows is no distribution
)

// Supports reports whether the numbers of a reply are answers of a classifier. e
// is the evidence of all replies of the model, this reply included.
func (e Evidence) Supports(reply Evidence) bool {
	return (reply&Singles == 0 || e&(ClassIndex|NoClass) == ClassIndex) &&
		(reply&Rows == 0 || e&(Probability|NoRow) == Probability)
}

// maxIndex is the highest number that is read as the index of a class, and so bounds
// the length of a row of scores. ImageNet has 1000 classes; some models add a class
// for the background. A vocabulary has tens of thousands.
const maxIndex = 1000

// evidenceOfSingle returns the evidence of a prediction of one number. isDecimal
// says whether the number is a float, or is written with a point or an exponent.
// isColumn says whether the number is alone in a list of its own: so regressions
// and networks with one output write, and classifiers do not.
func evidenceOfSingle(number float64, isDecimal, isColumn bool) Evidence {
	switch {
	case number != math.Trunc(number) || number < -1 || number > maxIndex || isDecimal && isColumn:
		return Singles | NoClass
	case !isDecimal || number <= 1:
		return Singles | ClassIndex
	}
	return Singles // 3.0 says nothing, until the model has answered 0.0 or 1.0 too
}

// tolerance is how far the sum of rounded probabilities may be from 1. It is
// slightly more than a hundredth, so that 0.33 three times is accepted.
const tolerance = 0.0100001

// minSorted is the number of scores from which on a descending order is no
// coincidence.
const minSorted = 5

// evidence returns the evidence of a row of scores. isNamed says whether each score
// has the name of its class. Three rows say nothing:
//
//   - a single one among zeros, which can also be an indicator
//   - many scores without names in descending order: they can be the highest scores
//     of any classes
//   - scores with names in descending order, with a sum below 1: they can be the
//     highest scores of more classes
func (r *ranking) evidence(isNamed bool) Evidence {
	isSum := math.Abs(r.sum-1) <= tolerance
	isCut := isNamed && r.n >= minNamed && !r.rises && r.sum < 1
	switch {
	case r.least < 0 || r.top > 1 || r.n > maxIndex+1 || !isSum && !isCut:
		return Rows | NoRow
	case !isSum, r.top == 1 && r.sum == 1, !isNamed && r.n >= minSorted && !r.rises:
		return Rows
	}
	return Rows | Probability
}

// minNamed is the least number of scores with names that can be the highest of more.
const minNamed = 3

// evidenceOfQuantised returns the evidence of a row of integers of eight bits,
// which are scores in a unit of their own, or indicators.
func (r *ranking) evidenceOfQuantised() Evidence {
	if r.least >= 0 && r.top <= 1 {
		return Rows | NoRow
	}
	return Rows | Probability
}
