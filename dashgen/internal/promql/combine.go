package promql

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/moodring/moodring/contract"
)

// Div is the quotient of two queries with the same labels.
func Div(dividend, divisor Query) Query { return alike("/", dividend, divisor) }

// Mul is the product of two queries with the same labels.
func Mul(a, b Query) Query { return alike("*", a, b) }

// Add is the sum of two queries with the same labels.
func Add(a, b Query) Query { return alike("+", a, b) }

// Sub is the difference of two queries with the same labels.
func Sub(a, b Query) Query { return alike("-", a, b) }

// Or is a, and those series of b whose labels a lacks; it measures what a does.
func Or(a, b Query) Query {
	q := alike("or", a, b)
	q.compared = a.compared
	return q
}

func alike(operator string, left, right Query) Query {
	q := combine(left, operator, right)
	if q.err == nil && !slices.Equal(slices.Sorted(slices.Values(left.labels)), slices.Sorted(slices.Values(right.labels))) {
		q.err = fmt.Errorf("%s: labels %q with labels %q", operator, left.labels, right.labels)
	}
	return q
}

// MulScalar multiplies q by a number.
func MulScalar(q Query, by float64) Query {
	scaled := q
	scaled.binary, scaled.selector = true, false
	scaled.text = func(v Values) string { return q.operand(v) + " * " + number(by) }
	return scaled
}

// ScalarSub is from less q.
func ScalarSub(from float64, q Query) Query {
	rest := q
	rest.binary, rest.selector = true, false
	rest.text = func(v Values) string { return number(from) + " - " + q.operand(v) }
	return rest
}

// ManyToOne combines each series of many with the one series of one that has
// the same labels on.
func ManyToOne(many Query, operator string, one Query, on ...string) Query {
	return joined(many, operator+" on ("+strings.Join(on, ", ")+") group_left ()", one, on)
}

// And is what of q there is a series in filter for, with the same labels on.
func And(q, filter Query, on ...string) Query {
	return filtered(q, "and", filter, on)
}

// Unless is what of q there is no series in filter for, with the same labels on.
func Unless(q, filter Query, on ...string) Query {
	return filtered(q, "unless", filter, on)
}

// filtered measures what q does: a filter only says when to look.
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

// operand is the text of q where it stands beside an operator.
func (q Query) operand(v Values) string {
	if q.binary {
		return "(" + q.Text(v) + ")"
	}
	return q.Text(v)
}

func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// AddScalar adds a number to q.
func AddScalar(q Query, by float64) Query {
	sum := q
	sum.binary, sum.selector = true, false
	sum.text = func(v Values) string { return q.operand(v) + " + " + number(by) }
	return sum
}
