// Package promql builds PromQL queries from the contract. A query with a metric or
// label that the contract does not have is an error. The functions have the names of
// PromQL's functions and operators.
//
// A Query has placeholders for the values of a dashboard's variables. Text replaces
// them: with Grafana's variables, or with values for a query to Prometheus.
package promql

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
)

// Values are the values of a query's placeholders.
type Values struct {
	// Match maps a label to an operator and a quoted value, such as `=~"a|b"`.
	// The matcher is added to every selected metric with the label.
	Match map[string]string
	// RateInterval is the range of rates, a PromQL duration.
	RateInterval string
	// Smoothing is the range of rates of few events, which the reader of a dashboard
	// chooses, and Range the time range of the dashboard. Rules have neither.
	Smoothing, Range string
	// Limit replaces the limit of an alert, if it is not nil.
	Limit *float64
	// Selector has further matchers for every scraped metric, as cluster="eu".
	Selector string
	// External has further matchers for every series, also for recorded ones.
	External string
	// Window is the range over which predictions are compared with a baseline.
	// Dashboards cannot know the window of the rules in Prometheus. For
	// dashboards it is empty, and their queries must not use it.
	Window string
}

// All is the regular expression for every value of a label.
const All = ".*"

// DriftWindow is the default of Values.Window. It is long enough for a model that
// makes a few predictions per minute.
const DriftWindow = "30m"

// RuleValues returns the values for rules. They add no matchers.
func RuleValues(rateInterval, window string) Values {
	return Values{RateInterval: rateInterval, Window: window}
}

// Query is a PromQL expression over metrics of the contract and recorded series. The
// zero value is not a valid query.
type Query struct {
	text     func(Values) string
	bare     func(Values) string // a selector's text without its offset
	ago      Duration            // a selector's offset
	kind     contract.Type
	labels   []string
	metrics  []string
	recorded []string
	compared *Query
	binary   bool // needs parentheses as an operand
	selector bool
	scraped  bool     // series as Prometheus scraped them
	pinned   []string // labels with one value, by a matcher
	err      error
}

// Text returns the PromQL with the values v.
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

// Labels returns the labels of the series that q returns.
func (q Query) Labels() []string { return q.labels }

// Measured returns the side of a comparison that is compared with a limit. For other
// queries it returns q.
func (q Query) Measured() Query {
	if q.compared == nil {
		return q
	}
	return *q.compared
}

// Err returns an error if q uses a name that the contract does not have, or if its
// parts do not fit together.
func (q Query) Err() error {
	if q.text == nil {
		return errors.Join(q.err, errors.New("no query"))
	}
	return q.err
}

// Matcher requires a label to have one value, or to match a regular expression (RE2
// syntax, the whole value). IsNot reverses the requirement.
type Matcher struct {
	Label, Value    string
	IsRegexp, IsNot bool
}

// String returns the matcher in PromQL.
func (m Matcher) String() string {
	operator := "="
	switch {
	case m.IsRegexp && m.IsNot:
		operator = "!~"
	case m.IsRegexp:
		operator = "=~"
	case m.IsNot:
		operator = "!="
	}
	return m.Label + operator + strconv.Quote(m.Value)
}

// Select selects a counter or a gauge.
func Select(metric string, matchers ...Matcher) Query {
	found, err := find(metric)
	if err == nil && found.Type == contract.Histogram {
		err = fmt.Errorf("%s is a histogram: select its buckets, its sum or its count", metric)
	}
	return selector(found, metric, err, matchers)
}

// SelectBuckets selects the buckets of a histogram.
func SelectBuckets(histogram string, matchers ...Matcher) Query {
	q := part(histogram, contract.SuffixBucket, matchers)
	q.labels = append(slices.Clone(q.labels), contract.LabelBucket)
	return q
}

// SelectDiscovered selects a metric that the contract does not have. The suffix is
// _bucket, _sum or _count for a histogram or summary, and empty for other metrics.
func SelectDiscovered(found contract.Metric, suffix string) Query {
	q := selector(found, found.Name+suffix, nil, nil)
	q.scraped = false // its labels include those of the target
	if suffix != "" {
		q.kind = contract.Counter
	}
	if suffix == contract.SuffixBucket {
		q.labels = append(slices.Clone(q.labels), contract.LabelBucket)
	}
	return q
}

// SelectSum selects the sum of a histogram's values.
func SelectSum(histogram string) Query { return part(histogram, contract.SuffixSum, nil) }

// SelectCount selects the number of a histogram's values.
func SelectCount(histogram string) Query { return part(histogram, contract.SuffixCount, nil) }

func part(histogram, suffix string, matchers []Matcher) Query {
	found, err := find(histogram)
	if err == nil && found.Type != contract.Histogram {
		err = fmt.Errorf("%s is a %s and has no buckets", histogram, found.Type)
	}
	q := selector(found, histogram+suffix, err, matchers)
	q.kind = contract.Counter
	return q
}

func selector(metric contract.Metric, series string, err error, fixed []Matcher) Query {
	known := metric.Labels
	if metric.Name+contract.SuffixBucket == series {
		known = append(slices.Clone(known), contract.LabelBucket)
	}
	for _, m := range fixed {
		if err == nil && !slices.Contains(known, m.Label) {
			err = fmt.Errorf("%s has no label %s", metric.Name, m.Label)
		}
	}
	text := func(v Values) string {
		return named(series, matchers(metric.Labels, v.Match, fixed, v.External, v.selectorOf(series)))
	}
	return Query{
		text:     text,
		bare:     text,
		kind:     metric.Type,
		labels:   metric.Labels,
		metrics:  []string{metric.Name},
		selector: true,
		scraped:  true,
		pinned:   pinned(fixed),
		err:      err,
	}
}

// named puts the name of a series before its matchers. A name in UTF-8, which needs
// quotes, becomes the first of the matchers.
func named(series, matchers string) string {
	if model.LegacyValidation.IsValidMetricName(series) {
		return series + matchers
	}
	if matchers == "" {
		return "{" + strconv.Quote(series) + "}"
	}
	return "{" + strconv.Quote(series) + "," + matchers[1:]
}

// quoted returns labels as PromQL names them.
func quoted(labels []string) []string {
	names := slices.Clone(labels)
	for i, label := range names {
		if !model.LegacyValidation.IsValidLabelName(label) {
			names[i] = strconv.Quote(label)
		}
	}
	return names
}

// pinned returns the labels that matchers give one value.
func pinned(matchers []Matcher) []string {
	var labels []string
	for _, m := range matchers {
		if !m.IsRegexp && !m.IsNot {
			labels = append(labels, m.Label)
		}
	}
	return labels
}

// Recording is a series that a recording rule writes: the result of Query, under
// Name. Query is empty for a series that dashgen has no rule for, such as a baseline.
type Recording struct {
	Name   string
	Labels []string
	Query  Query
	Help   string
}

// Record returns a recording of q.
func Record(name string, q Query, help string) Recording {
	return Recording{Name: name, Labels: q.labels, Query: q, Help: help}
}

// Select selects the recorded series.
func (r Recording) Select(matchers ...Matcher) Query {
	q := selector(contract.Metric{Name: r.Name, Type: contract.Gauge, Labels: r.Labels}, r.Name, r.Query.err, matchers)
	q.metrics, q.recorded, q.scraped = nil, []string{r.Name}, false
	return q
}

func find(name string) (contract.Metric, error) {
	metric, ok := contract.Find(name)
	if !ok {
		return contract.Metric{Name: name}, fmt.Errorf("metric %s is not in the contract", name)
	}
	return metric, nil
}

// matchers returns the matchers of a selector: those of match for the metric's
// labels, and the fixed ones.
func matchers(labels []string, match map[string]string, fixed []Matcher, more ...string) string {
	all := slices.DeleteFunc(more, func(text string) bool { return text == "" })
	for _, label := range slices.Sorted(maps.Keys(match)) {
		if slices.Contains(labels, label) {
			all = append(all, label+match[label])
		}
	}
	for _, m := range fixed {
		all = append(all, m.String())
	}
	if len(all) == 0 {
		return ""
	}
	return "{" + strings.Join(all, ",") + "}"
}

// selectorOf returns Selector for a scraped metric. The names of recorded series
// contain a colon.
func (v Values) selectorOf(series string) string {
	if strings.Contains(series, ":") || series == "ALERTS" {
		return ""
	}
	return v.Selector
}

// Duration returns a PromQL duration, given the values of a query.
type Duration func(Values) string

// RateInterval is the range of rates.
func RateInterval(v Values) string { return v.RateInterval }

// Window is the range over which predictions are compared with a baseline.
func Window(v Values) string { return v.Window }

// Smoothing is the range that the reader of a dashboard chooses.
func Smoothing(v Values) string { return v.Smoothing }

// Range is the time range of a dashboard.
func Range(v Values) string { return v.Range }

// Hour is one hour.
func Hour(Values) string { return "1h" }

// Rate is the increase of a counter per second.
func Rate(counter Query) Query { return overRange("rate", counter, RateInterval) }

// RateOver is the increase of a counter per second, over a range.
func RateOver(counter Query, in Duration) Query { return overRange("rate", counter, in) }

// Increase is the increase of a counter in a range.
func Increase(counter Query, in Duration) Query { return overRange("increase", counter, in) }

// Resets is the number of times that a counter restarted at 0 in a range.
func Resets(counter Query, in Duration) Query { return overRange("resets", counter, in) }

// Changes is the number of times that a gauge changed in a range.
func Changes(gauge Query, in Duration) Query {
	q := gauge
	if q.err == nil && (q.kind != contract.Gauge || !gauge.selector) {
		q.err = fmt.Errorf("changes of a %s: it needs a gauge that is selected directly", q.kind)
	}
	q.selector = false
	q.text = func(v Values) string { return "changes(" + gauge.bare(v) + "[" + in(v) + "]" + gauge.offset(v) + ")" }
	return q
}

// SecondsSince is the time since q, a Unix time in seconds.
func SecondsSince(q Query) Query {
	age := q
	age.binary, age.selector = true, false
	age.text = func(v Values) string { return "time() - " + q.operand(v) }
	return age
}

func overRange(function string, counter Query, in Duration) Query {
	q := counter
	if q.err == nil && (q.kind != contract.Counter || !counter.selector) {
		q.err = fmt.Errorf("%s of a %s: it needs a counter that is selected directly", function, q.kind)
	}
	q.kind, q.selector = contract.Gauge, false
	q.text = func(v Values) string {
		return function + "(" + counter.bare(v) + "[" + in(v) + "]" + counter.offset(v) + ")"
	}
	return q
}

func (q Query) offset(v Values) string {
	if q.ago == nil {
		return ""
	}
	return " offset " + q.ago(v)
}

// Offset selects the series as they were a while ago.
func Offset(selected Query, span Duration) Query {
	q := selected
	if q.err == nil && !q.selector {
		q.err = errors.New("offset: it needs a metric that is selected directly")
	}
	q.ago = span
	q.text = func(v Values) string { return selected.bare(v) + q.offset(v) }
	return q
}

// SumBy adds the series of q that have the same values of labels. Series that
// several exporters scraped from one gateway count once.
func SumBy(q Query, labels ...string) Query {
	if !q.scraped {
		return aggregate("sum", q, labels)
	}
	own := slices.DeleteFunc(slices.Clone(q.labels), func(label string) bool { return slices.Contains(q.pinned, label) })
	if sameSet(own, labels) {
		return MaxBy(q, labels...)
	}
	return aggregate("sum", MaxBy(q, own...), labels)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// AvgBy is the mean of the series of q that have the same values of labels.
func AvgBy(q Query, labels ...string) Query { return aggregate("avg", q, labels) }

// MinBy is the minimum of the series of q that have the same values of labels.
func MinBy(q Query, labels ...string) Query { return aggregate("min", q, labels) }

// MaxBy is the maximum of the series of q that have the same values of labels.
func MaxBy(q Query, labels ...string) Query { return aggregate("max", q, labels) }

// CountBy is the number of series of q that have the same values of labels.
func CountBy(q Query, labels ...string) Query { return aggregate("count", q, labels) }

// GroupBy is 1 for each combination of values of labels in q.
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
		by = " by (" + strings.Join(quoted(labels), ", ") + ") "
	}
	q.labels, q.binary, q.selector, q.scraped = labels, false, false, false
	q.text = func(v Values) string { return operator + by + "(" + over.Text(v) + ")" }
	return q
}

// ShareBy is the share of each value of label in the sum of q, from 0 to 1. The sum is
// taken separately for each combination of the labels among. The share is NaN while
// the sum is 0. A dashboard variable for label reduces the shown shares, and not the
// sum.
func ShareBy(q Query, label string, among ...string) Query {
	parts := SumBy(q, append(slices.Clone(among), label)...)
	return combine(parts, "/ ignoring ("+label+") group_left ()", IgnoreVariable(SumBy(q, among...), label))
}

// IgnoreVariable returns q without the matcher of the dashboard variable for label.
func IgnoreVariable(q Query, label string) Query {
	whole := q
	whole.text = func(v Values) string {
		v.Match = maps.Clone(v.Match)
		delete(v.Match, label)
		return q.Text(v)
	}
	return whole
}

// HistogramQuantile estimates the quantile phi, from 0 to 1. The buckets are rates,
// summed by le and the labels of the result. The quantile is NaN while the rates are 0.
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

// LabelReplace replaces the values of a label that match a regular expression
// (RE2 syntax, the whole value).
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

// ClampMin raises values below floor to floor.
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

// Abs is the value without its sign.
func Abs(q Query) Query {
	return call(q, func(v Values) string { return "abs(" + q.Text(v) + ")" })
}

// Sqrt is the square root.
func Sqrt(q Query) Query {
	return call(q, func(v Values) string { return "sqrt(" + q.Text(v) + ")" })
}

func call(of Query, text func(Values) string) Query {
	of.text, of.binary, of.selector, of.kind = text, false, false, contract.Gauge
	return of
}

// GreaterThan returns the series of q whose value is greater than limit.
func GreaterThan(q Query, limit float64) Query { return compare(q, ">", limit) }

// LessThan returns the series of q whose value is less than limit.
func LessThan(q Query, limit float64) Query { return compare(q, "<", limit) }

// OverLimit is GreaterThan with the limit of an alert, which Values can replace.
func OverLimit(q Query, limit float64) Query { return limited(q, ">", limit) }

// UnderLimit is LessThan with the limit of an alert, which Values can replace.
func UnderLimit(q Query, limit float64) Query { return limited(q, "<", limit) }

func limited(left Query, operator string, limit float64) Query {
	q := compare(left, operator, limit)
	q.text = func(v Values) string {
		if v.Limit != nil {
			return compare(left, operator, *v.Limit).Text(v)
		}
		return compare(left, operator, limit).Text(v)
	}
	return q
}

func compare(left Query, operator string, limit float64) Query {
	q := left
	q.text = func(v Values) string { return left.operand(v) + " " + operator + " " + number(limit) }
	q.compared, q.binary, q.selector = &left, true, false
	return q
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
