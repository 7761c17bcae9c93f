// Package metric holds the server's own metrics.
package metric

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the metrics of all models.
type Metrics struct {
	registry  *prometheus.Registry
	Answers   *prometheus.CounterVec   // model, label
	Requests  *prometheus.HistogramVec // model, protocol, code
	Predict   *prometheus.HistogramVec // model_name
	Waited    *prometheus.HistogramVec // model
	BatchRows *prometheus.HistogramVec // model
	Tokens    *prometheus.CounterVec   // model
	Truncated *prometheus.CounterVec   // model
	Refused   *prometheus.CounterVec   // model
	Load      *prometheus.GaugeVec     // model
	Reloads   *prometheus.CounterVec   // result
}

var seconds = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// New returns the metrics in a registry of their own.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.Answers = m.counter("modelserver_answers_total", "Texts answered, by the label with the highest score.", "model", "label")
	m.Requests = m.histogram("modelserver_request_duration_seconds", "Time from a predict request's headers to its reply, by protocol and status.", seconds, "model", "protocol", "code")
	m.Predict = m.histogram("request_predict_seconds", "Time that a predict request spends in the model. KServe's own servers have the same metric.", seconds, "model_name")
	m.Waited = m.histogram("modelserver_queue_wait_seconds", "Time that the first text of a batch waited for a worker.", seconds, "model")
	m.BatchRows = m.histogram("modelserver_batch_texts", "Texts that the network read in one run.", []float64{1, 2, 4, 8, 16, 32, 64}, "model")
	m.Tokens = m.counter("modelserver_tokens_total", "Tokens that the network read, without padding.", "model")
	m.Truncated = m.counter("modelserver_truncated_texts_total", "Texts that were longer than the model reads.", "model")
	m.Refused = m.counter("modelserver_refused_total", "Predict requests that found the queue full, or waited too long.", "model")
	m.Load = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "modelserver_load_seconds", Help: "Time that the last load of the model took."}, []string{"model"})
	m.Reloads = m.counter("modelserver_reloads_total", "Reloads by SIGHUP, by result.", "result")
	m.registry.MustRegister(m.Load,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	for _, result := range []string{"success", "failure"} {
		m.Reloads.WithLabelValues(result)
	}
	return m
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(h)
	return h
}

// Start makes the series of a model, so that its first answer is an increase. The labels of a former model stay.
func (m *Metrics) Start(model string, labels []string, load time.Duration) {
	for _, label := range labels {
		m.Answers.WithLabelValues(model, label)
	}
	m.Tokens.WithLabelValues(model)
	m.Truncated.WithLabelValues(model)
	m.Refused.WithLabelValues(model)
	m.Load.WithLabelValues(model).Set(load.Seconds())
}

// Register adds a collector.
func (m *Metrics) Register(collector prometheus.Collector) { m.registry.MustRegister(collector) }

// Handler serves the metrics page.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}
