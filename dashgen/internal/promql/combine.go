package promql

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/moodring/moodring/contract"
)

// Div divides series with the same labels.
func Div(dividend, divisor Query) Query { return sameLabels("/", dividend, divisor) }

// Mul multiplies series with the same labels.
func Mul(a, b Query) Query { return sameLabels("*", a, b) }

// Add adds series with the same labels.
func Add(a, b Query) Query { return sameLabels("+", a, b) }

// Sub subtracts series with the same labels.
func Sub(a, b Query) Query { return sameLabels("-", a, b) }

// Above returns the series of a that are greater than those of b with the same labels.
func Above(a, b Query) Query { return sameLabels(">", a, b) }

// Or returns the series of a, and the series of b whose labels no series of a has.
// Its Measured is that of a.
func Or(a, b Query) Query {
	q := sameLabels("or", a, b)
	q.compared = a.compared
	return q
}

func sameLabels(operator string, left, right Query) Query {
	q := combine(left, operator, right)
	if q.err == nil && !sameSet(left.labels, right.labels) {
		q.err = fmt.Errorf("%s: labels %q with labels %q", operator, left.labels, right.labels)
	}
	return q
}

// AddScalar adds a number to q.
func AddScalar(q Query, by float64) Query {
	sum := q
	sum.binary, sum.selector = true, false
	sum.text = func(v Values) string { return q.operand(v) + " + " + number(by) }
	return sum
}

// MulScalar multiplies q by a number.
func MulScalar(q Query, by float64) Query {
	scaled := q
	scaled.binary, scaled.selector = true, false
	scaled.text = func(v Values) string { return q.operand(v) + " * " + number(by) }
	return scaled
}

// ScalarSub subtracts q from a number.
func ScalarSub(from float64, q Query) Query {
	rest := q
	rest.binary, rest.selector = true, false
	rest.text = func(v Values) string { return number(from) + " - " + q.operand(v) }
	return rest
}

// ScalarDiv divides a number by q.
func ScalarDiv(dividend float64, q Query) Query {
	quotient := q
	quotient.binary, quotient.selector = true, false
	quotient.text = func(v Values) string { return number(dividend) + " / " + q.operand(v) }
	return quotient
}

// ManyToOne combines each series of many with the series of one that has the same
// values of the labels on.
func ManyToOne(many Query, operator string, one Query, on ...string) Query {
	return joined(many, operator+" on ("+strings.Join(on, ", ")+") group_left ()", one, on)
}

// CopyLabels returns each series of many with the labels copied, from the series of one
// that has the same values of the labels on. The value of that series must be 1.
func CopyLabels(many, one Query, copied []string, on ...string) Query {
	q := joined(many, "* on ("+strings.Join(on, ", ")+") group_left ("+strings.Join(copied, ", ")+")", one, on)
	q.labels = union(many.labels, copied)
	for _, label := range copied {
		if q.err == nil && !slices.Contains(one.labels, label) {
			q.err = fmt.Errorf("copy of the label %s: the series have no such label", label)
		}
	}
	return q
}

// And returns the series of q for which filter has a series with the same values of
// the labels on.
func And(q, filter Query, on ...string) Query {
	return filtered(q, "and", filter, on)
}

// Unless returns the series of q for which filter has no series with the same values
// of the labels on.
func Unless(q, filter Query, on ...string) Query {
	return filtered(q, "unless", filter, on)
}

// filtered keeps the Measured of q, because a filter is only a condition.
func filtered(q Query, operator string, filter Query, on []string) Query {
	kept := joined(q, operator+" on ("+strings.Join(on, ", ")+")", filter, on)
	kept.compared = q.compared
	return kept
}

func joined(left Query, operator string, right Query, on []string) Query {
	q := combine(left, operator, right)
	for _, label := range on {
		if q.err == nil && (!slices.Contains(left.labels, label) || !slices.Contains(right.labels, label)) {
			q.err = fmt.Errorf("%s: one side has no label %s", operator, label)
		}
	}
	return q
}

func combine(left Query, operator string, right Query) Query {
	q := left
	q.err = errors.Join(left.err, right.err)
	q.metrics, q.recorded = union(left.metrics, right.metrics), union(left.recorded, right.recorded)
	q.binary, q.selector, q.compared, q.kind = true, false, nil, contract.Gauge
	q.text = func(v Values) string { return left.operand(v) + " " + operator + " " + right.operand(v) }
	return q
}

// operand returns the text of q as an operand of an operator.
func (q Query) operand(v Values) string {
	if q.binary {
		return "(" + q.Text(v) + ")"
	}
	return q.Text(v)
}

func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}
