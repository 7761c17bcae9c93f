// Package counts reads predictions from the programs of the local stack, each in
// the program's own format.
package counts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
)

// Reader reads from the programs at some addresses, which are URLs.
type Reader struct {
	HTTP                                          *http.Client
	ModelServer, EnvoyAdmin, Exporter, Prometheus string
}

const maxPageBytes = 64 << 20

// OfModelServer returns the model server's predictions by label.
func (r Reader) OfModelServer(ctx context.Context) (map[string]int, error) {
	return r.page(ctx, r.ModelServer+"/metrics", "modelserver_answers_total")
}

// OfExporter returns the predictions on the exporter's page by label.
func (r Reader) OfExporter(ctx context.Context) (map[string]int, error) {
	return r.page(ctx, r.Exporter+"/metrics", contract.Predictions)
}

// OfEnvoy returns the predictions in Envoy's own stats by label, before the exporter
// transforms them.
func (r Reader) OfEnvoy(ctx context.Context) (map[string]int, error) {
	body, err := r.get(ctx, r.EnvoyAdmin+"/stats?format=json&usedonly&filter="+contract.Predictions)
	if err != nil {
		return nil, err
	}
	var page struct {
		Stats []struct {
			Name  string
			Value int
		}
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("envoy's stats: %w", err)
	}
	counts := map[string]int{}
	for _, listed := range page.Stats {
		stat, err := contract.ParseStat(listed.Name)
		if err != nil {
			return nil, fmt.Errorf("envoy's stats: %w", err)
		}
		for _, field := range stat.Fields {
			if field.Key == contract.LabelLabel {
				counts[field.Value] += listed.Value
			}
		}
	}
	return counts, nil
}

// OfPrometheus returns the predictions in Prometheus by label.
func (r Reader) OfPrometheus(ctx context.Context) (map[string]int, error) {
	return r.Query(ctx, fmt.Sprintf("sum by (%s) (%s)", contract.LabelLabel, contract.Predictions))
}

// Denied returns the requests in Prometheus that authorization denied.
func (r Reader) Denied(ctx context.Context) (int, error) {
	counts, err := r.Query(ctx, fmt.Sprintf(`sum(%s{%s=%q})`, contract.Authorization, contract.LabelResult, contract.ResultDenied))
	return counts[""], err
}

// RateLimited returns the requests in Prometheus over a rate limit.
func (r Reader) RateLimited(ctx context.Context) (int, error) {
	counts, err := r.Query(ctx, fmt.Sprintf(`sum(%s{%s=%q})`, contract.RateLimit, contract.LabelResult, contract.ResultOverLimit))
	return counts[""], err
}

// page sums a counter of a page in the exposition format by label.
func (r Reader) page(ctx context.Context, address, metric string) (map[string]int, error) {
	body, err := r.open(ctx, address)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(body, maxPageBytes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	counts := map[string]int{}
	for _, series := range families[metric].GetMetric() {
		counts[labelOf(series)] += int(series.GetCounter().GetValue())
	}
	return counts, nil
}

func labelOf(series *dto.Metric) string {
	for _, pair := range series.GetLabel() {
		if pair.GetName() == contract.LabelLabel {
			return pair.GetValue()
		}
	}
	return ""
}

// Query returns an instant vector of Prometheus by label.
func (r Reader) Query(ctx context.Context, expression string) (map[string]int, error) {
	body, err := r.get(ctx, r.Prometheus+"/api/v1/query?query="+url.QueryEscape(expression))
	if err != nil {
		return nil, err
	}
	var reply struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any // Unix seconds, and the value as text
			}
		}
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	counts := map[string]int{}
	for _, series := range reply.Data.Result {
		text, _ := series.Value[1].(string)
		value, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("prometheus: %s: %w", expression, err)
		}
		counts[series.Metric[contract.LabelLabel]] = value
	}
	return counts, nil
}

func (r Reader) get(ctx context.Context, address string) ([]byte, error) {
	body, err := r.open(ctx, address)
	if err != nil {
		return nil, err
	}
	read, err := io.ReadAll(io.LimitReader(body, maxPageBytes))
	return read, errors.Join(err, body.Close())
}

func (r Reader) open(ctx context.Context, address string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := r.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s answered %s", address, response.Status), response.Body.Close())
	}
	return response.Body, nil
}
