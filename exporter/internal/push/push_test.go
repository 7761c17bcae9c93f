package push

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// receiver accepts OTLP over HTTP and responds with status.
func receiver(t *testing.T, status int) (url string, received chan *collector.ExportMetricsServiceRequest) {
	t.Helper()
	received = make(chan *collector.ExportMetricsServiceRequest, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := unzip(r.Body)
		request := new(collector.ExportMetricsServiceRequest)
		if err != nil || proto.Unmarshal(body, request) != nil || r.URL.Path != "/v1/metrics" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("not OTLP: %s %v (%v)", r.URL, r.Header, err)
		}
		w.WriteHeader(status)
		received <- request
	}))
	t.Cleanup(server.Close)
	return server.URL, received
}

func unzip(body io.Reader) ([]byte, error) {
	zip, err := gzip.NewReader(body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zip)
}

func registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "moods_total", Help: "Moods."}, []string{"label"})
	counter.WithLabelValues("joy").Add(6)
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "confidence", Buckets: []float64{0.5, 0.9}})
	histogram.Observe(0.7)
	r.MustRegister(counter, histogram, gateways{})
	return r
}

// gateways has metrics without a start time.
type gateways struct{}

func (gateways) Describe(chan<- *prometheus.Desc) {}

func (gateways) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(prometheus.NewDesc("answers_total", "", nil, nil), prometheus.CounterValue, 1000)
	to <- prometheus.MustNewConstHistogram(prometheus.NewDesc("answer_seconds", "", nil, nil), 3, 1.5, map[float64]uint64{0.5: 2})
}

func failures() prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: "failures"})
}

// run runs a pusher until the receiver has the wanted number of pushes. It returns
// the log.
func run(t *testing.T, options Options, wanted int, received <-chan *collector.ExportMetricsServiceRequest) (log string, err error) {
	t.Helper()
	var logged bytes.Buffer
	options.Version, options.Logger, options.Failures = "1.2.3", slog.New(slog.NewTextHandler(&logged, nil)), failures()
	if options.Gather == nil {
		options.Gather = func(context.Context) ([]*dto.MetricFamily, error) { return registry().Gather() }
	}
	p, err := New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	for range wanted {
		<-received
	}
	stop()
	err = <-ended
	return logged.String(), err
}

func TestPush(t *testing.T) {
	url, received := receiver(t, http.StatusOK)
	if log, err := run(t, Options{Endpoint: url, Interval: time.Hour}, 1, received); err != nil || log != "" {
		t.Errorf("%v, log %s", err, log)
	}
	last := <-received // the push at the end
	attributes := map[string]string{}
	for _, a := range last.ResourceMetrics[0].Resource.Attributes {
		attributes[a.Key] = a.Value.GetStringValue()
	}
	if attributes["service.name"] != "moodring-exporter" || attributes["service.version"] != "1.2.3" {
		t.Errorf("got the resource %v", attributes)
	}
	found := byName(last)
	histogram, sum := found["confidence"].GetHistogram(), found["moods_total"].GetSum()
	if p := sum.GetDataPoints(); len(p) != 1 || p[0].GetAsDouble() != 6 || p[0].Attributes[0].Value.GetStringValue() != "joy" ||
		!sum.IsMonotonic || sum.AggregationTemporality != metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE {
		t.Errorf("got the counter %v", sum)
	}
	if diff := cmp.Diff([]uint64{0, 1, 0}, histogram.GetDataPoints()[0].BucketCounts); diff != "" {
		t.Errorf("buckets (-want +got):\n%s", diff)
	}
}

func byName(r *collector.ExportMetricsServiceRequest) map[string]*metrics.Metric {
	found := make(map[string]*metrics.Metric)
	for _, m := range r.ResourceMetrics[0].ScopeMetrics[0].Metrics {
		found[m.Name] = m
	}
	return found
}

// A receiver must not think that a gateway's counters began with the exporter:
// it would add everything that the gateway counted before.
func TestPushLeavesUnknownStartsUnknown(t *testing.T) {
	url, received := receiver(t, http.StatusOK)
	if log, err := run(t, Options{Endpoint: url, Interval: time.Hour}, 1, received); err != nil || log != "" {
		t.Errorf("%v, log %s", err, log)
	}
	found := byName(<-received)
	for name, isKnown := range map[string]bool{"moods_total": true, "answers_total": false} {
		if at := found[name].GetSum().GetDataPoints()[0].StartTimeUnixNano; at > 0 != isKnown {
			t.Errorf("%s began at %d", name, at)
		}
	}
	for name, isKnown := range map[string]bool{"confidence": true, "answer_seconds": false} {
		if at := found[name].GetHistogram().GetDataPoints()[0].StartTimeUnixNano; at > 0 != isKnown {
			t.Errorf("%s began at %d", name, at)
		}
	}
}

// A refused push is logged, and the next push is tried.
func TestPushContinuesAfterAnError(t *testing.T) {
	url, received := receiver(t, http.StatusBadRequest)
	log, err := run(t, Options{Endpoint: url + "/", Interval: 10 * time.Millisecond}, 3, received)
	if err == nil || !strings.Contains(log, "Pushing over OTLP failed") || !strings.Contains(log, "400") {
		t.Errorf("%v, log %s", err, log)
	}
}

// A gateway that hangs leaves time to send the metrics of the others, also at the end.
func TestPushBoundsTheGathering(t *testing.T) {
	url, received := receiver(t, http.StatusOK)
	hangs := func(ctx context.Context) ([]*dto.MetricFamily, error) {
		<-ctx.Done()
		return registry().Gather()
	}
	begun := time.Now()
	log, err := run(t, Options{Endpoint: url, Interval: time.Second, Gather: hangs}, 1, received)
	if took := time.Since(begun); err != nil || log != "" || took > 2*minTimeout {
		t.Errorf("%v after %s, log %s", err, took, log)
	}
	if last := byName(<-received); last["moods_total"] == nil {
		t.Errorf("the last push has only %v", last)
	}
}

// The password of an endpoint is sent, and is in no log and no error.
func TestPasswordOfTheEndpoint(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		got = user + " " + password
		w.WriteHeader(http.StatusBadRequest)
	}))
	t.Cleanup(server.Close)
	var logged bytes.Buffer
	options := Options{
		Endpoint: strings.Replace(server.URL, "://", "://me:secret@", 1), Interval: time.Hour, Version: "1", Failures: failures(),
		Gather: func(context.Context) ([]*dto.MetricFamily, error) { return registry().Gather() }, Logger: slog.New(slog.NewTextHandler(&logged, nil)),
	}
	p, err := New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	failure := p.push(t.Context())
	p.note(failure)
	if log := logged.String() + failure.Error(); got != "me secret" || strings.Contains(log, "secret") || !strings.Contains(log, "me:xxxxx@") {
		t.Errorf("the receiver got %q; the log is %s", got, log)
	}
	if n := testutil.ToFloat64(options.Failures); n != 1 {
		t.Errorf("%v failed pushes, want 1", n)
	}
	for _, endpoint := range []string{"http://me:secret@", "http://me:secret@a:b", "me:secret@a:1", "ftp://me:secret@a"} {
		if _, err := New(t.Context(), Options{Endpoint: endpoint, Interval: time.Second}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for want, options := range map[string]Options{
		`"localhost:4318": want http://HOST:PORT, such as http://localhost:4318`: {Endpoint: "localhost:4318", Interval: time.Second},
		`"ftp://a": want http://HOST:PORT, such as http://localhost:4318`:        {Endpoint: "ftp://a", Interval: time.Second},
		"the interval 0s is not above 0":                                         {Endpoint: "http://a"},
	} {
		if _, err := New(t.Context(), options); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// An invalid variable of the environment is logged. The valid attributes are sent.
func TestBadAttributesOfTheEnvironment(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "no value,deployment=test")
	url, received := receiver(t, http.StatusOK)
	log, err := run(t, Options{Endpoint: url, Interval: time.Hour}, 1, received)
	if err != nil || !strings.Contains(log, "look at OTEL_RESOURCE_ATTRIBUTES") {
		t.Errorf("got %v, log %s", err, log)
	}
}

// The headers can hold an API key: they are not sent to the server that a redirect names,
// and are in no log, also if they are not well-formed.
func TestHeadersStaySecret(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret,Authorization Bearer secret")
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	redirecting := httptest.NewServer(http.RedirectHandler(other.URL+"/?token=secret", http.StatusTemporaryRedirect))
	t.Cleanup(redirecting.Close)
	log, failure := pushTo(t, redirecting.URL)
	if failure == nil || !strings.Contains(failure.Error(), "redirects are not followed, give the receiver's own address") || elsewhere.Load() > 0 {
		t.Errorf("%v; %d requests elsewhere", failure, elsewhere.Load())
	}
	if strings.Contains(log+failure.Error(), "secret") || !strings.Contains(log, "OpenTelemetry's library: parse headers") {
		t.Errorf("the log is %s", log)
	}
}

// A receiver's long response is cut in the log.
func TestLongErrorIsCut(t *testing.T) {
	long := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<16))
	}))
	t.Cleanup(long.Close)
	if log, failure := pushTo(t, long.URL); failure == nil || len(log) > 2*errorBytes || !strings.Contains(log, "xxx...") {
		t.Errorf("a log of %d bytes, %v", len(log), failure != nil)
	}
}

// pushTo pushes once, and returns the log and the error.
func pushTo(t *testing.T, endpoint string) (log string, failure error) {
	t.Helper()
	var logged bytes.Buffer
	p, err := New(t.Context(), Options{
		Endpoint: endpoint, Interval: time.Hour, Version: "1", Failures: failures(), Logger: slog.New(slog.NewTextHandler(&logged, nil)),
		Gather: func(context.Context) ([]*dto.MetricFamily, error) { return registry().Gather() },
	})
	if err != nil {
		t.Fatal(err)
	}
	failure = p.push(t.Context())
	p.note(failure)
	return logged.String(), failure
}
