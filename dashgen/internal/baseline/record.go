package baseline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/prom"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Period is the predictions of a version between two times. An empty version stands
// for all versions together.
type Period struct {
	Version  string
	From, To time.Time
}

// Record returns the distribution of a model's answers in a period. A model without a
// service is an error if several services have a model of its name.
func Record(ctx context.Context, prometheus prom.Client, of Model, in Period) (Distribution, error) {
	r := recorder{prometheus, in}
	labels, err := r.increase(ctx, of, promql.Select(contract.Predictions), contract.LabelLabel)
	if err != nil {
		return Distribution{}, err
	}
	numbers, err := r.increase(ctx, of, promql.SelectBuckets(contract.PredictionValue), contract.LabelBucket)
	if err != nil {
		return Distribution{}, err
	}
	if of, err = r.find(of, slices.Concat(labels, numbers)); err != nil {
		return Distribution{}, err
	}
	d := Distribution{Model: of, Counts: CountBy(labels, contract.LabelLabel), Values: CountBy(numbers, contract.LabelBucket),
		Source: fmt.Sprintf("from %s to %s", in.From.UTC().Format(time.RFC3339), in.To.UTC().Format(time.RFC3339))}
	if d.Values[infinity] == 0 {
		d.Values = nil
	}
	maps.DeleteFunc(d.Counts, func(_ string, n float64) bool { return n == 0 }) // only predicted outside the period
	d.Confidence, err = r.confidence(ctx, of)
	if warnings := prometheus.Warnings(); len(warnings) > 0 {
		d.Source += "; Prometheus warned that " + strings.Join(warnings, "; ")
	}
	return d, err
}

// recorder reads a period from a Prometheus.
type recorder struct {
	prometheus prom.Client
	period     Period
}

// text returns a query about a model in the period.
func (r recorder) text(of Model, q promql.Query) string {
	return q.Text(promql.Values{Match: of.Match(r.period.Version), Window: model.Duration(r.period.To.Sub(r.period.From)).String()})
}

// increase returns the increase of a counter in the period, by a label and by the
// model's namespace and service.
func (r recorder) increase(ctx context.Context, of Model, counter promql.Query, label string) (model.Vector, error) {
	q := promql.SumBy(promql.Increase(counter, promql.Window), contract.LabelNamespace, contract.LabelService, label)
	return r.prometheus.Vector(ctx, r.text(of, q), r.period.To)
}

// confidence returns the mean confidence of a model; NaN if it has none.
func (r recorder) confidence(ctx context.Context, of Model) (float64, error) {
	mean, err := r.prometheus.Vector(ctx, r.text(of, MeanConfidence()), r.period.To)
	if err != nil || len(mean) == 0 || !IsFinite(float64(mean[0].Value)) {
		return math.NaN(), err
	}
	return float64(mean[0].Value), nil
}

// MeanConfidence returns the query of the mean confidence in the window, by labels.
func MeanConfidence(by ...string) promql.Query {
	total := func(part promql.Query) promql.Query {
		return promql.SumBy(promql.Increase(part, promql.Window), by...)
	}
	return promql.Div(total(promql.SelectSum(contract.Confidence)), total(promql.SelectCount(contract.Confidence)))
}

// find returns the one model that has predictions, with its namespace and service.
func (r recorder) find(of Model, predictions model.Vector) (Model, error) {
	found, err := of.Find(predictions)
	switch {
	case errors.Is(err, ErrNoPredictions):
		return Model{}, fmt.Errorf("baseline: Prometheus at %s has no %s of a model %q from %s to %s; the variables of the model's dashboard have the names",
			r.prometheus, contract.Predictions, of, r.period.From.Format(time.RFC3339), r.period.To.Format(time.RFC3339))
	case err != nil:
		return Model{}, fmt.Errorf("baseline: %w", err)
	}
	return found, nil
}

// ErrNoPredictions says that no sample is above zero.
var ErrNoPredictions = errors.New("the model has no predictions")

// Find returns the model of the samples above zero, with its namespace and service. It
// is an error if the samples are of several services.
func (m Model) Find(predictions model.Vector) (Model, error) {
	found := map[string]Model{}
	for _, sample := range predictions {
		if sample.Value > 0 {
			owner := Model{string(sample.Metric[contract.LabelNamespace]), string(sample.Metric[contract.LabelService]), m.Name}
			found[cmp.Or(owner.owner(), "no service")] = owner
		}
	}
	names := slices.Sorted(maps.Keys(found))
	switch len(names) {
	case 0:
		return Model{}, ErrNoPredictions
	case 1:
		return found[names[0]], nil
	}
	return Model{}, fmt.Errorf("%d services have a model %q: %s; choose one with --namespace and --service",
		len(names), m.Name, strings.Join(names, ", "))
}

// CountBy adds up the finite values of samples by a label.
func CountBy(samples model.Vector, label string) map[string]float64 {
	all := map[string]float64{}
	for _, sample := range samples {
		if value := float64(sample.Value); IsFinite(value) {
			all[string(sample.Metric[model.LabelName(label)])] += value
		}
	}
	return all
}

// IsFinite reports whether a value is neither NaN nor infinite.
func IsFinite(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }
