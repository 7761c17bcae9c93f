package protocol

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moodring/moodring/modelserver/internal/model"
)

// metrics are the server's own counts. The demo compares the gateway's counts with them.
type metrics struct {
	predictions *prometheus.CounterVec
	duration    *prometheus.HistogramVec
}

// newMetrics registers the metrics. Every label starts at 0, so that its first prediction is an increase.
func newMetrics(registerer prometheus.Registerer, name string, labels []string) (*metrics, error) {
	constant := prometheus.Labels{"model": name}
	m := &metrics{
		predictions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "modelserver_answers_total", Help: "Texts answered, by the label with the highest score.", ConstLabels: constant,
		}, []string{"label"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "modelserver_request_duration_seconds", Help: "Time from a predict request's headers to its reply, by HTTP status.", ConstLabels: constant,
			Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5},
		}, []string{"code"}),
	}
	for _, label := range labels {
		m.predictions.WithLabelValues(label)
	}
	return m, errors.Join(registerer.Register(m.predictions), registerer.Register(m.duration))
}

func (m *metrics) count(predictions []model.Prediction) {
	for _, prediction := range predictions {
		m.predictions.WithLabelValues(prediction[0].Label).Inc()
	}
}
