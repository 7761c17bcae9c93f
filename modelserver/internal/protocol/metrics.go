package protocol

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moodring/moodring/modelserver/internal/model"
)

// metrics are the server's own count of what it answered: what a gateway counts from outside can be held against it.
type metrics struct {
	answers  *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// newMetrics registers the metrics; every label stands at 0 from the start, so that its first answer is an increase.
func newMetrics(registerer prometheus.Registerer, name string, labels []string) (*metrics, error) {
	own := prometheus.Labels{"model": name}
	m := &metrics{
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "modelserver_answers_total", Help: "Texts answered, by the label with the highest score.", ConstLabels: own,
		}, []string{"label"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "modelserver_request_duration_seconds", Help: "Time from a predict request's headers to its reply, by HTTP status.", ConstLabels: own,
			Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5},
		}, []string{"code"}),
	}
	for _, label := range labels {
		m.answers.WithLabelValues(label)
	}
	return m, errors.Join(registerer.Register(m.answers), registerer.Register(m.duration))
}

func (m *metrics) count(answers []model.Answer) {
	for _, answer := range answers {
		m.answers.WithLabelValues(answer[0].Label).Inc()
	}
}
