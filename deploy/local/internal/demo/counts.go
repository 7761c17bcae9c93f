package demo

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

// Counters reads the number of predictions per label from each program of the
// stack. Addresses are URLs.
type Counters struct {
	HTTP                                          *http.Client
	ModelServer, EnvoyAdmin, Exporter, Prometheus string
}

const maxPageBytes = 64 << 20

func (c Counters) modelServer(ctx context.Context) (map[string]int, error) {
	return c.page(ctx, c.ModelServer+"/metrics", "modelserver_answers_total")
}

func (c Counters) exporter(ctx context.Context) (map[string]int, error) {
	return c.page(ctx, c.Exporter+"/metrics", contract.Predictions)
}

// envoy reads the plugin's counters from Envoy's own stats, before the exporter
// transforms them.
func (c Counters) envoy(ctx context.Context) (map[string]int, error) {
	body, err := c.get(ctx, c.EnvoyAdmin+"/stats?format=json&usedonly&filter="+contract.Predictions)
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

func (c Counters) prometheus(ctx context.Context) (map[string]int, error) {
	return c.query(ctx, fmt.Sprintf("sum by (%s) (%s)", contract.LabelLabel, contract.Predictions))
}

func (c Counters) denied(ctx context.Context) (int, error) {
	counts, err := c.query(ctx, fmt.Sprintf(`sum(%s{%s=%q})`, contract.Authorization, contract.LabelResult, contract.ResultDenied))
	return counts[""], err
}

func (c Counters) limited(ctx context.Context) (int, error) {
	counts, err := c.query(ctx, fmt.Sprintf(`sum(%s{%s=%q})`, contract.RateLimit, contract.LabelResult, contract.ResultOverLimit))
	return counts[""], err
}

// page sums a counter of a page in the exposition format by label.
func (c Counters) page(ctx context.Context, address, metric string) (map[string]int, error) {
	body, err := c.open(ctx, address)
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

// query returns an instant vector of Prometheus by label.
func (c Counters) query(ctx context.Context, expression string) (map[string]int, error) {
	body, err := c.get(ctx, c.Prometheus+"/api/v1/query?query="+url.QueryEscape(expression))
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

func (c Counters) get(ctx context.Context, address string) ([]byte, error) {
	body, err := c.open(ctx, address)
	if err != nil {
		return nil, err
	}
	read, err := io.ReadAll(io.LimitReader(body, maxPageBytes))
	return read, errors.Join(err, body.Close())
}

func (c Counters) open(ctx context.Context, address string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s answered %s", address, response.Status), response.Body.Close())
	}
	return response.Body, nil
}
