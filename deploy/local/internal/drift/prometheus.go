package drift

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
)

// Prometheus reads the drift of a model from a Prometheus.
type Prometheus struct {
	api   promv1.API
	model string
}

// NewPrometheus returns a Prometheus for the server at url and the model called
// name. It does not connect.
func NewPrometheus(url, name string, http *http.Client) (Prometheus, error) {
	client, err := api.NewClient(api.Config{Address: url, Client: http})
	if err != nil {
		return Prometheus{}, fmt.Errorf("address of Prometheus %q: %w", url, err)
	}
	return Prometheus{promv1.NewAPI(client), name}, nil
}

// Names in the rule files that dashgen writes.
const (
	ruleAlert    = "MoodringLabelMixDrift"
	ruleAnswers  = "moodring:answers:increase"
	ruleShare    = "moodring:label_share:ratio"
	ruleIndex    = "moodring:label_drift:psi"
	ruleDistance = "moodring:label_drift:distance"
)

// reading holds the rules' values for the window that ends now. A value without a
// series yet is 0.
type reading struct {
	answers, share, index, distance float64
	alert                           string
}

func (p Prometheus) read(ctx context.Context) (reading, error) {
	value, _, _, err := p.api.Query(ctx, fmt.Sprintf(`{__name__=~"moodring:.+",%s=%q}`, contract.LabelModel, p.model), time.Time{})
	if err != nil {
		return reading{}, fmt.Errorf("prometheus: %w", err)
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return reading{}, fmt.Errorf("prometheus: the query gave a %s, not a vector", value.Type())
	}
	r := reading{alert: quiet}
	for _, sample := range vector {
		if field := r.field(sample.Metric); field != nil && !math.IsNaN(float64(sample.Value)) {
			*field = float64(sample.Value)
		}
	}
	alerts, err := p.api.Alerts(ctx)
	if err != nil {
		return reading{}, fmt.Errorf("prometheus: %w", err)
	}
	for _, alert := range alerts.Alerts {
		if alert.Labels[model.AlertNameLabel] == ruleAlert && string(alert.Labels[contract.LabelModel]) == p.model {
			r.alert = string(alert.State)
		}
	}
	return r, nil
}

// field returns the field for the value of a series, or nil.
func (r *reading) field(series model.Metric) *float64 {
	switch name := series[model.MetricNameLabel]; {
	case name == ruleAnswers:
		return &r.answers
	case name == ruleShare && series[contract.LabelLabel] == Label:
		return &r.share
	case name == ruleIndex:
		return &r.index
	case name == ruleDistance:
		return &r.distance
	}
	return nil
}
