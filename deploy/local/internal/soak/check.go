package soak

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/deploy/local/internal/load"
	"github.com/moodring/moodring/deploy/local/internal/samples"
)

// settleLimit is the time after which counts that differ are a fault. The exporter
// exports a removed gateway for keep.
const settleLimit = keep + 9*time.Second

// check pauses the traffic and compares the ledger with every program's counts,
// until they agree or settleLimit has passed.
func (r *run) check(ctx context.Context) (differences []string, err error) {
	r.traffic.Pause()
	defer r.traffic.Resume()
	deadline := time.Now().Add(settleLimit)
	err = poll(ctx, func() (bool, error) {
		if differences, err = r.compare(ctx); err != nil {
			differences = []string{err.Error()} // a program may be starting
		}
		return len(differences) == 0 || time.Now().After(deadline), nil
	})
	return differences, err
}

// compare reads every count once.
func (r *run) compare(ctx context.Context) ([]string, error) {
	reader := r.rig.reader()
	envoy, err := reader.OfEnvoy(ctx)
	if err != nil {
		return nil, err
	}
	exporter, err := reader.OfExporter(ctx)
	if err != nil {
		return nil, err
	}
	board, err := reader.Query(ctx, r.panel.counters())
	if err != nil {
		return nil, err
	}
	matrix, err := r.predictions(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Concat(
		outside("Envoy", envoy, r.ledger.Current()),
		outside("the exporter, compared with Envoy", exporter, load.Bounds{Low: envoy, High: envoy}),
		outside("the panel's counters, compared with Envoy", board, load.Bounds{Low: envoy, High: envoy}),
		outside("Prometheus", grown(matrix), r.ledger.Total()),
	), nil
}

// predictions returns all samples of the predictions.
func (r *run) predictions(ctx context.Context) (model.Matrix, error) {
	return r.samples.Series(ctx, contract.Predictions, r.started.Add(-time.Minute))
}

// grown returns the growth of each label over all gateways. A counter starts at 0.
// Two exporters' series of one gateway count once.
func grown(matrix model.Matrix) load.Tally {
	type key struct{ gateway, label model.LabelValue }
	byGateway := map[key]int{}
	for _, series := range matrix {
		k := key{series.Metric[contract.LabelGateway], series.Metric[contract.LabelLabel]}
		byGateway[k] = max(byGateway[k], samples.Growth(0, series.Values))
	}
	total := load.Tally{}
	for k, n := range byGateway {
		total[string(k.label)] += n
	}
	return total
}

// lastSample returns the time of the newest sample of a gateway, or the zero time.
func lastSample(matrix model.Matrix, gateway string) (newest time.Time) {
	for _, series := range matrix {
		if string(series.Metric[contract.LabelGateway]) != gateway {
			continue
		}
		if at := series.Values[len(series.Values)-1].Timestamp.Time(); at.After(newest) {
			newest = at
		}
	}
	return newest
}

// outside describes the counts that are outside their bounds, by label.
func outside(program string, got load.Tally, b load.Bounds) (differences []string) {
	labels := maps.Clone(b.High)
	maps.Copy(labels, got)
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		switch n, low, high := got[label], b.Low[label], b.High[label]; {
		case low <= n && n <= high:
		case low == high:
			differences = append(differences, fmt.Sprintf("%s: %q %d, want %d", program, label, n, low))
		default:
			differences = append(differences, fmt.Sprintf("%s: %q %d, want %d to %d", program, label, n, low, high))
		}
	}
	return differences
}
