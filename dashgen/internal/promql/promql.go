// Package promql builds PromQL from the contract, so that a query cannot name a
// metric or a label that does not exist.
//
// A Query leaves open what the reader of a dashboard chooses. Text fills it in:
// with Grafana's variables, or with concrete values to ask a Prometheus.
package promql

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moodring/moodring/contract"
)

// Values fills the places that a query leaves open.
type Values struct {
	// Match maps a label key to what its value must match: an operator and a
	// quoted value, as `=~"a|b"`. It narrows every selected metric that has
	// the label.
	Match map[string]string
	// RateInterval is the range of rates, a PromQL duration.
	RateInterval string
	// Window is the range over which answers are compared with a baseline. A
	// dashboard does not know the one that Prometheus's rules have: it is empty
	// there, and a query that needs it no query.
	Window string
}

// All is the regular expression for every value of a label.
const All = ".*"

// DriftWindow is the range of Values.Window where nobody asks for another: long
// enough for a model that answers a few times a minute to show its mix.
const DriftWindow = "30m"

// RuleValues returns values that narrow nothing, as rules are written with.
func RuleValues(rateInterval, window string) Values {
	return Values{RateInterval: rateInterval, Window: window}
}

// Query is a PromQL expression over the contract and over what rules record.
// The zero value is no query.
type Query struct {
	text     func(Values) string
	bare     func(Values) string // text without past
	past     Duration            // how long ago; of what is selected
	kind     contract.Type
	labels   []string
	metrics  []string
	recorded []string
	compared *Query
	binary   bool // needs parentheses as an operand
	selector bool
	err      error
}

// Text returns the PromQL with v filled in.
func (q Query) Text(v Values) string {
	if q.text == nil {
		return ""
	}
	return q.text(v)
}

// Metrics returns the names in the contract of the metrics that q reads.
func (q Query) Metrics() []string { return q.metrics }

// Recorded returns the names of the recorded series that q reads.
func (q Query) Recorded() []string { return q.recorded }

// Labels returns the label keys of the series that q answers with.
func (q Query) Labels() []string { return q.labels }

// Measured is what q compares with a limit; q itself when it compares nothing.
func (q Query) Measured() Query {
	if q.compared == nil {
		return q
	}
	return *q.compared
}

// Err says what in q is not in the contract, or makes no sense of it.
func (q Query) Err() error {
	if q.text == nil {
		return errors.Join(q.err, errors.New("no query"))
	}
	return q.err
}

// Matcher is a label that must have one exact value.
type Matcher struct{ Label, Value string }

// Select reads a counter or a gauge.
func Select(metric string, where ...Matcher) Query {
	found, err := find(metric)
	if err == nil && found.Type == contract.Histogram {
		err = fmt.Errorf("%s is a histogram: select its buckets, its sum or its count", metric)
	}
	return selector(found, metric, err, where)
}

// SelectBuckets reads the buckets of a histogram.
func SelectBuckets(histogram string, where ...Matcher) Query {
	q := part(histogram, contract.SuffixBucket, where)
	q.labels = append(slices.Clone(q.labels), contract.LabelBucket)
	return q
}

// SelectDiscovered reads a metric that is not of the contract, but was found somewhere; part
// is _bucket, _sum or _count of a histogram or summary, and empty for the whole.
func SelectDiscovered(found contract.Metric, part string) Query {
	q := selector(found, found.Name+part, nil, nil)
	if part != "" {
		q.kind = contract.Counter
	}
	if part == contract.SuffixBucket {
		q.labels = append(slices.Clone(q.labels), contract.LabelBucket)
	}
	return q
}

// SelectSum reads what a histogram's observations add up to.
func SelectSum(histogram string) Query { return part(histogram, "_sum", nil) }

// SelectCount reads how many observations a histogram has.
func SelectCount(histogram string) Query { return part(histogram, contract.SuffixCount, nil) }

func part(histogram, suffix string, where []Matcher) Query {
	found, err := find(histogram)
	if err == nil && found.Type != contract.Histogram {
		err = fmt.Errorf("%s is a %s and has no buckets", histogram, found.Type)
	}
	q := selector(found, histogram+suffix, err, where)
	q.kind = contract.Counter
	return q
}

func selector(metric contract.Metric, series string, err error, where []Matcher) Query {
	known := metric.Labels
	if metric.Name+contract.SuffixBucket == series {
		known = append(slices.Clone(known), contract.LabelBucket)
	}
	for _, w := range where {
		if err == nil && !slices.Contains(known, w.Label) {
			err = fmt.Errorf("%s has no label %s", metric.Name, w.Label)
		}
	}
	text := func(v Values) string { return series + matchers(metric.Labels, v.Match, where) }
	return Query{
		text:     text,
		bare:     text,
		kind:     metric.Type,
		labels:   metric.Labels,
		metrics:  []string{metric.Name},
		selector: true,
		err:      err,
	}
}

// Recording is a series that a rule records: the answer of Query, under Name.
// The zero Query is one that somebody else records, as a baseline is.
type Recording struct {
	Name   string
	Labels []string
	Query  Query
	Help   string
}

// Record makes a recording of q.
func Record(name string, q Query, help string) Recording {
	return Recording{Name: name, Labels: q.labels, Query: q, Help: help}
}

// Select reads the recorded series.
func (r Recording) Select(where ...Matcher) Query {
	q := selector(contract.Metric{Name: r.Name, Type: contract.Gauge, Labels: r.Labels}, r.Name, r.Query.err, where)
	q.metrics, q.recorded = nil, []string{r.Name}
	return q
}

func find(name string) (contract.Metric, error) {
	metric, ok := contract.Find(name)
	if !ok {
		return contract.Metric{Name: name}, fmt.Errorf("metric %s is not in the contract", name)
	}
	return metric, nil
}

// labelsOf returns the label keys of a metric, none of one that does not exist.
func labelsOf(name string) []string {
	metric, err := find(name)
	if err != nil {
		return nil
	}
	return metric.Labels
}

func matchers(labels []string, match map[string]string, where []Matcher) string {
	var all []string
	for _, label := range slices.Sorted(maps.Keys(match)) {
		if slices.Contains(labels, label) {
			all = append(all, label+match[label])
		}
	}
	for _, w := range where {
		all = append(all, w.Label+"="+strconv.Quote(w.Value))
	}
	if len(all) == 0 {
		return ""
	}
	return "{" + strings.Join(all, ",") + "}"
}

// Duration is a length of time, as a PromQL duration.
type Duration func(Values) string

// RateInterval is the range of rates.
func RateInterval(v Values) string { return v.RateInterval }

// Window is the range over which answers are compared with a baseline.
func Window(v Values) string { return v.Window }

// Hour is one hour.
func Hour(Values) string { return "1h" }

// Rate is what a counter grows by each second.
func Rate(counter Query) Query { return overRange("rate", counter, RateInterval) }

// Increase is what a counter grew by in a span.
func Increase(counter Query, in Duration) Query { return overRange("increase", counter, in) }

// Resets counts how often a counter began again at 0 in a span.
func Resets(counter Query, in Duration) Query { return overRange("resets", counter, in) }

// Changes counts how often a gauge took another value in a span.
func Changes(gauge Query, in Duration) Query {
	q := gauge
	if q.err == nil && (q.kind != contract.Gauge || !gauge.selector) {
		q.err = fmt.Errorf("changes of a %s: only a gauge is counted so", q.kind)
	}
	q.selector = false
	q.text = func(v Values) string { return "changes(" + gauge.bare(v) + "[" + in(v) + "]" + gauge.offset(v) + ")" }
	return q
}

// SecondsSince is how long ago a moment was, which q is in seconds of the epoch.
func SecondsSince(q Query) Query {
	ago := q
	ago.binary, ago.selector = true, false
	ago.text = func(v Values) string { return "time() - " + q.operand(v) }
	return ago
}

func overRange(function string, counter Query, in Duration) Query {
	q := counter
	if q.err == nil && (q.kind != contract.Counter || !counter.selector) {
		q.err = fmt.Errorf("%s of a %s: only a counter has one", function, q.kind)
	}
	q.kind, q.selector = contract.Gauge, false
	q.text = func(v Values) string {
		return function + "(" + counter.bare(v) + "[" + in(v) + "]" + counter.offset(v) + ")"
	}
	return q
}

func (q Query) offset(v Values) string {
	if q.past == nil {
		return ""
	}
	return " offset " + q.past(v)
}

// Offset is what was selected a span ago.
func Offset(selected Query, span Duration) Query {
	q := selected
	if q.err == nil && !q.selector {
		q.err = errors.New("offset: only what is selected has a past")
	}
	q.past = span
	q.text = func(v Values) string { return selected.bare(v) + q.offset(v) }
	return q
}

// SumBy adds up the series of q that have the same labels.
func SumBy(q Query, labels ...string) Query { return aggregate("sum", q, labels) }

// MinBy keeps the least of the series of q that have the same labels.
func MinBy(q Query, labels ...string) Query { return aggregate("min", q, labels) }

// MaxBy keeps the greatest of the series of q that have the same labels.
func MaxBy(q Query, labels ...string) Query { return aggregate("max", q, labels) }

// CountBy counts the series of q that have the same labels.
func CountBy(q Query, labels ...string) Query { return aggregate("count", q, labels) }

// GroupBy is 1 for each combination of the labels that q has.
func GroupBy(q Query, labels ...string) Query { return aggregate("group", q, labels) }

func aggregate(operator string, over Query, labels []string) Query {
	q := over
	for _, label := range labels {
		if q.err == nil && !slices.Contains(over.labels, label) {
			q.err = fmt.Errorf("%s by %s: the series have no such label", operator, label)
		}
	}
	by := " "
	if len(labels) > 0 {
		by = " by (" + strings.Join(labels, ", ") + ") "
	}
	q.labels, q.binary, q.selector = labels, false, false
	q.text = func(v Values) string { return operator + by + "(" + over.Text(v) + ")" }
	return q
}

// ShareBy is each value of label's part of the sum of q, 0 to 1, for each
// combination of the labels among. It is no number while the sum is 0. Choosing
// some values of label shows fewer parts, of the same whole.
func ShareBy(q Query, label string, among ...string) Query {
	parts := SumBy(q, append(slices.Clone(among), label)...)
	return combine(parts, "/ ignoring ("+label+") group_left ()", IgnoreVariable(SumBy(q, among...), label))
}

// IgnoreVariable is q whatever is chosen of label.
func IgnoreVariable(q Query, label string) Query {
	whole := q
	whole.text = func(v Values) string {
		v.Match = maps.Clone(v.Match)
		delete(v.Match, label)
		return q.Text(v)
	}
	return whole
}

// HistogramQuantile estimates the phi-quantile, 0 to 1, from rates of buckets summed by
// le and whatever else to tell apart. It is no number while nothing is counted.
func HistogramQuantile(phi float64, buckets Query) Query {
	q := buckets
	at := slices.Index(buckets.labels, contract.LabelBucket)
	if at < 0 {
		q.err = errors.Join(q.err, errors.New("quantile: the series have no le"))
	} else {
		q.labels = slices.Delete(slices.Clone(buckets.labels), at, at+1)
	}
	q.text = func(v Values) string { return "histogram_quantile(" + number(phi) + ", " + buckets.Text(v) + ")" }
	return q
}

// LabelReplace writes a label's values anew: those that a regular expression matches
// from end to end, in RE2's words, become replacement.
func LabelReplace(q Query, label, regex, replacement string) Query {
	renamed := q
	if _, err := regexp.Compile(regex); renamed.err == nil && err != nil {
		renamed.err = fmt.Errorf("label_replace: %w", err)
	}
	if renamed.err == nil && !slices.Contains(q.labels, label) {
		renamed.err = fmt.Errorf("label_replace: the series have no label %s", label)
	}
	renamed.binary, renamed.selector = false, false
	renamed.text = func(v Values) string {
		return fmt.Sprintf("label_replace(%s, %q, %q, %q, %q)", q.Text(v), label, replacement, label, regex)
	}
	return renamed
}

// ClampMin raises what is less than floor to it.
func ClampMin(q Query, floor float64) Query {
	return call(q, func(v Values) string { return "clamp_min(" + q.Text(v) + ", " + number(floor) + ")" })
}

// Ln is the natural logarithm.
func Ln(q Query) Query {
	return call(q, func(v Values) string { return "ln(" + q.Text(v) + ")" })
}

// Log2 is the binary logarithm.
func Log2(q Query) Query {
	return call(q, func(v Values) string { return "log2(" + q.Text(v) + ")" })
}

// Sqrt is the square root.
func Sqrt(q Query) Query {
	return call(q, func(v Values) string { return "sqrt(" + q.Text(v) + ")" })
}

func call(of Query, text func(Values) string) Query {
	of.text, of.binary, of.selector, of.kind = text, false, false, contract.Gauge
	return of
}

// GreaterThan keeps the series of q that are greater than limit.
func GreaterThan(q Query, limit float64) Query { return compare(q, ">", limit) }

// LessThan keeps the series of q that are less than limit.
func LessThan(q Query, limit float64) Query { return compare(q, "<", limit) }

func compare(left Query, operator string, limit float64) Query {
	q := left
	q.text = func(v Values) string { return left.operand(v) + " " + operator + " " + number(limit) }
	q.compared, q.binary, q.selector = &left, true, false
	return q
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
