// Package query builds PromQL from the contract, so that a query cannot name a
// metric or a label that does not exist.
//
// A Query leaves open what the reader of a dashboard chooses. Text fills it in:
// with Grafana's variables, or with concrete values to ask a Prometheus.
package query

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/moodring/moodring/contract"
)

// Values fills the places that a query leaves open.
type Values struct {
	// Match maps a label key to the regular expression its value must match.
	// It narrows every selected metric that has the label.
	Match map[string]string
	// RateInterval is the range of rates, a PromQL duration.
	RateInterval string
}

// Scope returns the label keys that a dashboard has a variable for, named as
// the key, each after those that narrow its choice.
func Scope() []string {
	return []string{contract.LabelGateway, contract.LabelModel}
}

// Grafana returns values that leave the choice to the dashboard's variables.
// $__rate_interval is at least four scrape intervals, so that a rate never
// falls between two scrapes (Grafana's Prometheus data source, "template
// variables").
func Grafana() Values {
	match := map[string]string{}
	for _, label := range Scope() {
		match[label] = "$" + label
	}
	return Values{Match: match, RateInterval: "$__rate_interval"}
}

// Everything returns what Grafana puts in when all is chosen.
func Everything(rateInterval string) Values {
	match := map[string]string{}
	for _, label := range Scope() {
		match[label] = All
	}
	return Values{Match: match, RateInterval: rateInterval}
}

// All is the regular expression for every value of a label.
const All = ".*"

// Query is a PromQL expression over the contract. The zero value is no query.
type Query struct {
	text    func(Values) string
	kind    contract.Type
	labels  []string
	metrics []string
	err     error
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

// Labels returns the label keys of the series that q answers with.
func (q Query) Labels() []string { return q.labels }

// Err says what in q is not in the contract, or makes no sense of it.
func (q Query) Err() error {
	if q.text == nil {
		return errors.Join(q.err, errors.New("no query"))
	}
	return q.err
}

// Where is a label that must have one exact value.
type Where struct{ Label, Value string }

// Select reads a counter or a gauge.
func Select(metric string, where ...Where) Query {
	found, err := find(metric)
	if err == nil && found.Type == contract.Histogram {
		err = fmt.Errorf("%s is a histogram: select its buckets", metric)
	}
	return selector(found, metric, err, where)
}

// Buckets reads the buckets of a histogram.
func Buckets(histogram string, where ...Where) Query {
	found, err := find(histogram)
	if err == nil && found.Type != contract.Histogram {
		err = fmt.Errorf("%s is a %s and has no buckets", histogram, found.Type)
	}
	q := selector(found, histogram+contract.SuffixBucket, err, where)
	q.kind = contract.Counter
	q.labels = append(slices.Clone(q.labels), contract.LabelBucket)
	return q
}

func selector(metric contract.Metric, series string, err error, where []Where) Query {
	for _, w := range where {
		if err == nil && !slices.Contains(metric.Labels, w.Label) {
			err = fmt.Errorf("%s has no label %s", metric.Name, w.Label)
		}
	}
	return Query{
		text:    func(v Values) string { return series + matchers(metric.Labels, v.Match, where) },
		kind:    metric.Type,
		labels:  metric.Labels,
		metrics: []string{metric.Name},
		err:     err,
	}
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

func matchers(labels []string, match map[string]string, where []Where) string {
	var all []string
	for _, label := range slices.Sorted(maps.Keys(match)) {
		if slices.Contains(labels, label) {
			all = append(all, label+`=~"`+match[label]+`"`)
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

// Rate is what a counter grows by each second.
func Rate(counter Query) Query {
	q := counter
	if q.kind != contract.Counter && q.err == nil {
		q.err = fmt.Errorf("rate of a %s: only a counter has one", q.kind)
	}
	q.kind = contract.Gauge
	q.text = func(v Values) string { return "rate(" + counter.Text(v) + "[" + v.RateInterval + "])" }
	return q
}

// SumBy adds up the series of q that have the same labels.
func SumBy(q Query, labels ...string) Query { return aggregate("sum", q, labels) }

// MinBy keeps the least of the series of q that have the same labels.
func MinBy(q Query, labels ...string) Query { return aggregate("min", q, labels) }

// MaxBy keeps the greatest of the series of q that have the same labels.
func MaxBy(q Query, labels ...string) Query { return aggregate("max", q, labels) }

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
	q.labels = labels
	q.text = func(v Values) string { return operator + by + "(" + over.Text(v) + ")" }
	return q
}

// ShareBy is each label value's part of the sum of q, 0 to 1. It is no number
// while the sum is 0.
func ShareBy(q Query, label string) Query {
	parts, whole := SumBy(q, label), SumBy(q)
	parts.text = func(v Values) string {
		return SumBy(q, label).Text(v) + " / ignoring (" + label + ") group_left () " + whole.Text(v)
	}
	return parts
}

// Divide is the quotient of two queries with the same labels.
func Divide(dividend, divisor Query) Query {
	q := dividend
	q.err = errors.Join(dividend.err, divisor.err)
	if q.err == nil && !slices.Equal(dividend.labels, divisor.labels) {
		q.err = fmt.Errorf("divide: labels %q by labels %q", dividend.labels, divisor.labels)
	}
	q.metrics = slices.Compact(slices.Sorted(slices.Values(slices.Concat(dividend.metrics, divisor.metrics))))
	q.text = func(v Values) string { return dividend.Text(v) + " / " + divisor.Text(v) }
	return q
}

// Quantile estimates the phi-quantile, 0 to 1, from rates of buckets summed by
// le and whatever else to tell apart. It is no number while nothing is counted.
func Quantile(phi float64, buckets Query) Query {
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

// Above keeps the series of q that are greater than limit.
func Above(q Query, limit float64) Query { return compare(q, ">", limit) }

// Below keeps the series of q that are less than limit.
func Below(q Query, limit float64) Query { return compare(q, "<", limit) }

func compare(left Query, operator string, limit float64) Query {
	q := left
	q.text = func(v Values) string { return left.Text(v) + " " + operator + " " + number(limit) }
	return q
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
