package soak

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
)

// samples reads series of the predictions from Prometheus.
type samples struct{ api promv1.API }

func newSamples(url string) (samples, error) {
	client, err := api.NewClient(api.Config{Address: url})
	if err != nil {
		return samples{}, err
	}
	return samples{promv1.NewAPI(client)}, nil
}

// series returns all samples of the predictions since a time.
func (s samples) series(ctx context.Context, since time.Time) (model.Matrix, error) {
	window := model.Duration(time.Since(since) + time.Minute)
	value, _, _, err := s.api.Query(ctx, fmt.Sprintf("%s[%s]", contract.Predictions, window), time.Now())
	if err != nil {
		return nil, err
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("prometheus gave a %s, not a matrix", value.Type())
	}
	return matrix, nil
}

// number returns the value of a query that gives at most one series; 0 without one.
func (s samples) number(ctx context.Context, query string) (float64, error) {
	value, _, _, err := s.api.Query(ctx, query, time.Now())
	if err != nil {
		return 0, err
	}
	vector, ok := value.(model.Vector)
	if !ok || len(vector) == 0 {
		return 0, nil
	}
	return float64(vector[0].Value), nil
}

// grown returns the growth of each label over all gateways. A counter starts at 0,
// and a smaller value is a restart, as PromQL's increase has it. Two exporters'
// series of one gateway count once.
func grown(matrix model.Matrix) tally {
	type key struct{ gateway, label model.LabelValue }
	byGateway := map[key]int{}
	for _, series := range matrix {
		k := key{series.Metric[contract.LabelGateway], series.Metric[contract.LabelLabel]}
		byGateway[k] = max(byGateway[k], growth(series.Values))
	}
	total := tally{}
	for k, n := range byGateway {
		total[string(k.label)] += n
	}
	return total
}

func growth(values []model.SamplePair) (sum int) {
	last := 0
	for _, pair := range values {
		value := int(pair.Value)
		if value < last {
			last = 0
		}
		sum += value - last
		last = value
	}
	return sum
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
