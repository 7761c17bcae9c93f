// Package samples reads from Prometheus the samples of counters, rather than
// estimates such as those of PromQL's increase.
package samples

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// Reader reads from one Prometheus.
type Reader struct{ api promv1.API }

// New returns a Reader of the Prometheus at a URL.
func New(url string) (Reader, error) {
	client, err := api.NewClient(api.Config{Address: url})
	if err != nil {
		return Reader{}, err
	}
	return Reader{promv1.NewAPI(client)}, nil
}

// Series returns all samples of the selected series since a time.
func (r Reader) Series(ctx context.Context, selector string, since time.Time) (model.Matrix, error) {
	window := model.Duration(time.Since(since).Truncate(time.Millisecond) + time.Millisecond)
	value, _, _, err := r.api.Query(ctx, fmt.Sprintf("%s[%s]", selector, window), time.Now())
	if err != nil {
		return nil, err
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("prometheus gave a %s, not a matrix", value.Type())
	}
	return matrix, nil
}

// Vector returns the result of a query that gives an instant vector.
func (r Reader) Vector(ctx context.Context, query string) (model.Vector, error) {
	value, _, _, err := r.api.Query(ctx, query, time.Now())
	if err != nil {
		return nil, err
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("prometheus gave a %s, not a vector", value.Type())
	}
	return vector, nil
}

// Number returns the value of a query that gives at most one series; 0 without one.
func (r Reader) Number(ctx context.Context, query string) (float64, error) {
	vector, err := r.Vector(ctx, query)
	if err != nil || len(vector) == 0 {
		return 0, err
	}
	return float64(vector[0].Value), nil
}

// Growth returns the growth of a counter from a value over samples. A smaller
// value is a restart, as PromQL's increase has it.
func Growth(from int, over []model.SamplePair) (sum int) {
	last := from
	for _, pair := range over {
		value := int(pair.Value)
		if value < last {
			last = 0
		}
		sum += value - last
		last = value
	}
	return sum
}
