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

// An OTLP receiver gets the series of the gateways.
func TestPushesOverOTLP(t *testing.T) {
	received := make(chan *collector.ExportMetricsServiceRequest, 10)
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
	start(t, "--gateway", "ingress="+envoy(t, new(atomic.Int32)).URL, "--otlp.endpoint", receiver.URL, "--otlp.interval", "1h")
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
