package report

import "math"

// precision and terms end the sums below. A hundred terms are enough for the degrees
// of freedom of 64 labels.
const (
	precision = 1e-14
	terms     = 10000
)

// upperGamma is the regularized upper incomplete gamma function Q(a, x): the
// probability that a chi-squared variable of 2a degrees of freedom is above 2x
// (NIST's Digital Library of Mathematical Functions, 8.2.4, 8.7.1 and 8.9.2).
func upperGamma(a, x float64) float64 {
	if x <= 0 {
		return 1
	}
	logGamma, _ := math.Lgamma(a)
	scale := math.Exp(a*math.Log(x) - x - logGamma)
	if x < a+1 {
		return 1 - scale*lowerSeries(a, x)
	}
	return scale * upperFraction(a, x)
}

// lowerSeries sums the power series of the lower function.
func lowerSeries(a, x float64) float64 {
	term := 1 / a
	total := term
	for n := 1; n < terms && term > total*precision; n++ {
		term *= x / (a + float64(n))
		total += term
	}
	return total
}

// upperFraction evaluates the continued fraction of the upper function, by Lentz's
// method.
func upperFraction(a, x float64) float64 {
	const tiny = 1e-300
	b := x + 1 - a
	c, d := 1/tiny, 1/b
	value := d
	for n := 1; n < terms; n++ {
		i := float64(n)
		step := -i * (i - a)
		b += 2
		d = 1 / nonZero(step*d+b, tiny)
		c = nonZero(b+step/c, tiny)
		value *= c * d
		if math.Abs(c*d-1) < precision {
			break
		}
	}
	return value
}

func nonZero(value, tiny float64) float64 {
	if math.Abs(value) < tiny {
		return tiny
	}
	return value
}
