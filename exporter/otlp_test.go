package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// otlpReceiver returns the address of a receiver, and the pushes that it gets.
func otlpReceiver(t *testing.T) (url string, received chan *collector.ExportMetricsServiceRequest) {
	t.Helper()
	received = make(chan *collector.ExportMetricsServiceRequest, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		request := new(collector.ExportMetricsServiceRequest)
		if body, err := gzip.NewReader(r.Body); err != nil {
			t.Error(err)
		} else if text, err := io.ReadAll(body); err != nil || proto.Unmarshal(text, request) != nil {
			t.Errorf("not OTLP: %v", err)
		}
		received <- request
	}))
	t.Cleanup(receiver.Close)
	return receiver.URL, received
}

// A gateway that hangs stops neither the pushes nor the last push when the exporter
// ends.
func TestPushesBesideAGatewayThatHangs(t *testing.T) {
	url, received := otlpReceiver(t)
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	good := envoy(t, new(atomic.Int32)).URL
	t.Run("until it ends", func(t *testing.T) {
		start(t, "--gateway", "good="+good, "--gateway", "hangs="+hanging.URL, "--otlp.endpoint", url, "--otlp.interval", "2s")
		<-received
		for len(received) > 0 {
			<-received
		}
	})
	last := <-received
	for len(received) > 0 {
		last = <-received
	}
	for _, m := range last.ResourceMetrics[0].ScopeMetrics[0].Metrics {
		if m.Name == "moodring_predictions_total" && len(m.GetSum().GetDataPoints()) == 10 {
			return
		}
	}
	t.Errorf("the last push has no predictions: %v", last)
}

// An OTLP receiver gets the series of the gateways.
func TestPushesOverOTLP(t *testing.T) {
	url, received := otlpReceiver(t)
	start(t, "--gateway", "ingress="+envoy(t, new(atomic.Int32)).URL, "--otlp.endpoint", url, "--otlp.interval", "1h")
	found := map[string]int{}
	for _, m := range (<-received).ResourceMetrics[0].ScopeMetrics[0].Metrics {
		found[m.Name] = len(m.GetSum().GetDataPoints()) + len(m.GetHistogram().GetDataPoints()) + len(m.GetGauge().GetDataPoints())
	}
	for name, want := range map[string]int{"moodring_predictions_total": 10, "moodring_prediction_confidence": 10, "moodring_exporter_target_up": 1, "go_goroutines": 1} {
		if found[name] != want {
			t.Errorf("%s has %d points, want %d", name, found[name], want)
		}
	}
}
