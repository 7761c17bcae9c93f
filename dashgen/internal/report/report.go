// Package report writes one HTML file about a model's predictions in a period: the mix
// of labels, its drift with a test, the confidence, and the replies. The file loads
// nothing and runs no script.
package report

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/baseline"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/prom"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Options choose the model and the period.
type Options struct {
	Model    baseline.Model // without a service, it is the only model of its name
	Version  string         // an empty version stands for all versions together
	From, To time.Time
}

// Report holds the content of the file.
type Report struct {
	Options
	Source      string // the Prometheus, without its password
	Predictions float64
	Labels      []Label // the most frequent first
	Mix         Mix
	Drift       *Drift // nil if there is nothing to compare with
	Confidence  *Confidence
	Versions    []Version
	Outcomes    []Count
	Refusals    []Count  // of all models at the gateways
	Warnings    []string // of Prometheus
}

// Label is a label with its predictions.
type Label struct {
	Name     string
	Count    float64
	Share    float64
	Expected float64 // share in the mix of Drift; NaN without one
}

// Mix has the predictions of each label over time.
type Mix struct {
	Ends   []time.Time // of the steps
	Step   time.Duration
	Counts map[string][]float64
}

// Confidence describes the scores of the top labels.
type Confidence struct {
	Mean, Median, Baseline float64 // Baseline is NaN without one
	Buckets                []Bucket
	Over                   []float64 // the mean of each step of Mix; NaN without predictions
}

// Bucket is a range of scores: from the bound of the bucket before it to UpTo.
type Bucket struct{ UpTo, Count float64 }

// Version is a version of the model.
type Version struct {
	Name               string
	Count, Mean, Index float64 // NaN if unknown
}

// Count is a number of replies or requests of one kind, and the number of all kinds.
type Count struct {
	Name string
	N    float64
	Of   float64
}

// source asks a Prometheus about a model and a period.
type source struct {
	Options
	prometheus prom.Client
}

// Gather asks Prometheus for a report.
func Gather(ctx context.Context, prometheus prom.Client, o Options) (Report, error) {
	s := source{o, prometheus}
	r := Report{Options: o, Source: prometheus.String()}
	counts, err := s.predictions(ctx, o.To)
	if err != nil {
		return r, err
	}
	if s.Model, err = o.Model.Find(counts); errors.Is(err, baseline.ErrNoPredictions) {
		return r, s.missing(ctx, o.Model)
	} else if err != nil {
		return r, fmt.Errorf("report: %w", err)
	}
	r.Model = s.Model
	byLabel := baseline.CountBy(counts, contract.LabelLabel)
	r.Predictions = baseline.Sum(byLabel)
	reference, err := s.reference(ctx)
	if err != nil {
		return r, err
	}
	if reference.counts != nil {
		d := compare(byLabel, reference.counts, reference.isExact, reference.name)
		r.Drift = &d
	}
	r.Labels = labels(byLabel, shares(reference.counts))
	err = errors.Join(
		s.mix(ctx, &r), s.confidence(ctx, &r), s.versions(ctx, &r, counts, reference), s.outcomes(ctx, &r), s.refusals(ctx, &r))
	r.Warnings = prometheus.Warnings()
	return r, err
}

// values returns the values for the queries: the model, its version, and a window.
func (s source) values(window time.Duration) promql.Values {
	return promql.Values{Match: s.Model.Match(s.Version), Window: model.Duration(window).String(), RateInterval: model.Duration(window).String()}
}

// increase returns the PromQL of the increase of a counter in a window.
func (s source) increase(counter promql.Query, window time.Duration, by ...string) string {
	return promql.SumBy(promql.Increase(counter, promql.Window), by...).Text(s.values(window))
}

func (s source) span() time.Duration { return s.To.Sub(s.From) }

// predictions returns the predictions in the period that ends at a time, by label and
// version, and by the model's namespace and service.
func (s source) predictions(ctx context.Context, end time.Time) (model.Vector, error) {
	by := []string{contract.LabelNamespace, contract.LabelService, contract.LabelLabel, contract.LabelVersion}
	return s.prometheus.Vector(ctx, s.increase(promql.Select(contract.Predictions), s.span(), by...), end)
}

// missing explains that there are no predictions.
func (s source) missing(ctx context.Context, of baseline.Model) error {
	vector, err := s.prometheus.Vector(ctx, promql.GroupBy(promql.Select(contract.Predictions), contract.LabelModel).Text(promql.Values{}), s.To)
	if err != nil {
		return err
	}
	const most = 10
	names := slices.Sorted(maps.Keys(baseline.CountBy(vector, contract.LabelModel)))
	known := "there are no models at all"
	if len(names) > 0 {
		known = "there are " + strings.Join(names[:min(len(names), most)], ", ")
	}
	return fmt.Errorf("report: Prometheus at %s has no predictions of a model %q%s from %s to %s; %s",
		s.prometheus, of, ofVersion(s.Version), s.From.UTC().Format(time.RFC3339), s.To.UTC().Format(time.RFC3339), known)
}

func ofVersion(version string) string {
	if version == "" {
		return ""
	}
	return fmt.Sprintf(", version %q,", version)
}

// reference is the mix that the report compares with; its counts are nil if there is
// none.
type reference struct {
	name    string
	counts  map[string]float64
	isExact bool
}

// reference returns the recorded baseline, or else the period of the same length
// before.
func (s source) reference(ctx context.Context) (reference, error) {
	recorded, err := s.baseline(ctx, board.BaselineShare(), contract.LabelLabel)
	if err != nil {
		return reference{}, err
	}
	if len(recorded) > 0 {
		return reference{"the recorded baseline", baseline.CountBy(recorded, contract.LabelLabel), true}, nil
	}
	before, err := s.predictions(ctx, s.From)
	if err != nil {
		return reference{}, err
	}
	counts := baseline.CountBy(before, contract.LabelLabel)
	if baseline.Sum(counts) == 0 {
		return reference{}, nil
	}
	return reference{"the " + length(s.span()) + " before", counts, false}, nil
}

// baseline returns the recorded baseline of the model's service, or else the one that
// names no service.
func (s source) baseline(ctx context.Context, of promql.Recording, by ...string) (model.Vector, error) {
	q := promql.MaxBy(of.Select(), by...)
	own, err := s.prometheus.Vector(ctx, q.Text(s.values(0)), s.To)
	if err != nil || len(own) > 0 {
		return own, err
	}
	values := s.values(0)
	values.Match[contract.LabelService] = `=""`
	delete(values.Match, contract.LabelNamespace)
	return s.prometheus.Vector(ctx, q.Text(values), s.To)
}

// length writes a duration as 7d or 90m.
func length(d time.Duration) string { return model.Duration(d).String() }

// labels returns all labels of both mixes, the most frequent first.
func labels(counts, expected map[string]float64) []Label {
	total := baseline.Sum(counts)
	var all []Label
	for _, name := range union(counts, expected) {
		l := Label{name, counts[name], counts[name] / total, math.NaN()}
		if len(expected) > 0 {
			l.Expected = expected[name]
		}
		if math.Round(l.Count) > 0 || l.Expected > 0 {
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b Label) int { return compareDown(a.Count, b.Count) })
	return all
}

func compareDown(a, b float64) int {
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}

// stepCount is the number of steps of a chart over time.
const stepCount = 60

// Shortest is the shortest period of a report: a step of a chart is at least a minute, in
// which every Prometheus scrapes several times.
const Shortest = time.Minute

// steps returns the times of a chart.
func (s source) steps() promv1.Range {
	step := max(Shortest, s.span()/stepCount).Truncate(time.Second)
	return promv1.Range{Start: s.From.Add(step), End: s.To, Step: step}
}

// matrix evaluates an expression at the steps.
func (s source) matrix(ctx context.Context, expr string) (model.Matrix, error) {
	value, _, err := s.prometheus.QueryRange(ctx, expr, s.steps())
	if err != nil {
		return nil, err
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("asking Prometheus at %s: the result of %s is a %s, not a matrix", s.prometheus, expr, value.Type())
	}
	return matrix, nil
}

// onSteps returns the values of a series at the steps; NaN where it has none.
func (s source) onSteps(series *model.SampleStream) []float64 {
	over := s.steps()
	all := make([]float64, over.End.Sub(over.Start)/over.Step+1)
	for i := range all {
		all[i] = math.NaN()
	}
	for _, sample := range series.Values {
		if i := int(sample.Timestamp.Time().Sub(over.Start).Round(time.Millisecond) / over.Step); i >= 0 && i < len(all) && baseline.IsFinite(float64(sample.Value)) {
			all[i] = float64(sample.Value)
		}
	}
	return all
}

func (s source) mix(ctx context.Context, r *Report) error {
	over := s.steps()
	r.Mix = Mix{Step: over.Step, Counts: map[string][]float64{}}
	for at := over.Start; !at.After(over.End); at = at.Add(over.Step) {
		r.Mix.Ends = append(r.Mix.Ends, at)
	}
	matrix, err := s.matrix(ctx, s.increase(promql.Select(contract.Predictions), over.Step, contract.LabelLabel))
	if err != nil {
		return err
	}
	for _, series := range matrix {
		r.Mix.Counts[string(series.Metric[contract.LabelLabel])] = s.onSteps(series)
	}
	return nil
}

// one returns the only value of a query's result; NaN if there is none.
func (s source) one(ctx context.Context, expr string) (float64, error) {
	vector, err := s.prometheus.Vector(ctx, expr, s.To)
	return first(vector), err
}

// first returns the value of the first sample; NaN if there is none.
func first(vector model.Vector) float64 {
	if len(vector) == 0 {
		return math.NaN()
	}
	return float64(vector[0].Value)
}

// mean returns the PromQL of the mean score in a window.
func (s source) mean(window time.Duration, by ...string) string {
	return baseline.MeanConfidence(by...).Text(s.values(window))
}

// confidence describes the scores, if the replies have scores.
func (s source) confidence(ctx context.Context, r *Report) error {
	buckets, err := s.prometheus.Vector(ctx, s.increase(promql.SelectBuckets(contract.Confidence), s.span(), contract.LabelBucket), s.To)
	if err != nil {
		return err
	}
	c := Confidence{Buckets: single(buckets)}
	if len(c.Buckets) == 0 {
		return nil
	}
	median := promql.HistogramQuantile(0.5, promql.SumBy(promql.Increase(promql.SelectBuckets(contract.Confidence), promql.Window), contract.LabelBucket))
	for into, expr := range map[*float64]string{
		&c.Mean:   s.mean(s.span()),
		&c.Median: median.Text(s.values(s.span())),
	} {
		if *into, err = s.one(ctx, expr); err != nil {
			return err
		}
	}
	baseline, err := s.baseline(ctx, board.BaselineConfidence())
	if err != nil {
		return err
	}
	c.Baseline = first(baseline)
	matrix, err := s.matrix(ctx, s.mean(s.steps().Step))
	if err != nil {
		return err
	}
	for _, series := range matrix {
		c.Over = s.onSteps(series)
	}
	r.Confidence = &c
	return nil
}

// single turns cumulative buckets into the counts of single buckets, in ascending
// order. Without any prediction there are none.
func single(cumulative model.Vector) []Bucket {
	var all []Bucket
	for _, sample := range cumulative {
		if bound, err := strconv.ParseFloat(string(sample.Metric[contract.LabelBucket]), 64); err == nil && baseline.IsFinite(float64(sample.Value)) {
			all = append(all, Bucket{bound, float64(sample.Value)})
		}
	}
	slices.SortFunc(all, func(a, b Bucket) int { return compareDown(b.UpTo, a.UpTo) })
	before, total := 0.0, 0.0
	for i := range all {
		all[i].Count, before = math.Max(0, all[i].Count-before), all[i].Count
		total += all[i].Count
	}
	if math.Round(total) == 0 {
		return nil
	}
	return all
}

// versions compares the versions of the model.
func (s source) versions(ctx context.Context, r *Report, counts model.Vector, other reference) error {
	scores, err := s.prometheus.Vector(ctx, s.mean(s.span(), contract.LabelVersion), s.To)
	if err != nil {
		return err
	}
	means := baseline.CountBy(scores, contract.LabelVersion)
	all := baseline.CountBy(counts, contract.LabelVersion)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		v := Version{name, all[name], math.NaN(), math.NaN()}
		if mean, ok := means[name]; ok {
			v.Mean = mean
		}
		own := slices.DeleteFunc(slices.Clone(counts), func(sample *model.Sample) bool {
			return string(sample.Metric[contract.LabelVersion]) != name
		})
		if other.counts != nil && v.Count > 0 {
			v.Index = compare(baseline.CountBy(own, contract.LabelLabel), other.counts, other.isExact, "").Index
		}
		r.Versions = append(r.Versions, v)
	}
	return nil
}

func (s source) outcomes(ctx context.Context, r *Report) error {
	vector, err := s.prometheus.Vector(ctx, s.increase(promql.Select(contract.Replies), s.span(), contract.LabelOutcome), s.To)
	if err != nil {
		return err
	}
	counts := baseline.CountBy(vector, contract.LabelOutcome)
	for _, name := range contract.Outcomes() {
		if math.Round(counts[name]) > 0 {
			r.Outcomes = append(r.Outcomes, Count{name, counts[name], baseline.Sum(counts)})
		}
	}
	return nil
}

// refusals counts the requests that the gateways refused, of all models together.
func (s source) refusals(ctx context.Context, r *Report) error {
	for _, of := range []struct{ title, metric, result string }{
		{"denied by authorization (403)", contract.Authorization, contract.ResultDenied},
		{"rate-limited (429)", contract.RateLimit, contract.ResultOverLimit},
	} {
		vector, err := s.prometheus.Vector(ctx, s.increase(promql.Select(of.metric), s.span(), contract.LabelResult), s.To)
		if err != nil {
			return err
		}
		if counts := baseline.CountBy(vector, contract.LabelResult); len(counts) > 0 {
			r.Refusals = append(r.Refusals, Count{of.title, counts[of.result], baseline.Sum(counts)})
		}
	}
	return nil
}
