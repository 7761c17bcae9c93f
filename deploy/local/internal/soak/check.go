package soak

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// settleLimit is the time after which counts that differ are a fault. The exporter
// exports a removed gateway for keep.
const settleLimit = keep + 9*time.Second

// check pauses the traffic and compares the ledger with every program's counts,
// until they agree or settleLimit has passed.
func (r *run) check(ctx context.Context) (differences []string, err error) {
	r.traffic.pause()
	defer r.traffic.resume()
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
	board, err := reader.Query(ctx, boardQuery)
	if err != nil {
		return nil, err
	}
	matrix, err := r.samples.series(ctx, r.started)
	if err != nil {
		return nil, err
	}
	return slices.Concat(
		outside("Envoy", envoy, r.ledger.current()),
		outside("the exporter, compared with Envoy", exporter, bounds{envoy, envoy}),
		outside("the dashboard's query, compared with Envoy", board, bounds{envoy, envoy}),
		outside("Prometheus", grown(matrix), r.ledger.total()),
	), nil
}

// boardQuery is the total of a label as the dashboards have it.
const boardQuery = "sum by (label) (max by (gateway, namespace, service, model, version, label) (moodring_predictions_total)) > 0"

// outside describes the counts that are outside their bounds, by label.
func outside(program string, got tally, b bounds) (differences []string) {
	labels := maps.Clone(b.high)
	maps.Copy(labels, got)
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		switch n, low, high := got[label], b.low[label], b.high[label]; {
		case low <= n && n <= high:
		case low == high:
			differences = append(differences, fmt.Sprintf("%s: %q %d, want %d", program, label, n, low))
		default:
			differences = append(differences, fmt.Sprintf("%s: %q %d, want %d to %d", program, label, n, low, high))
		}
	}
	return differences
}
