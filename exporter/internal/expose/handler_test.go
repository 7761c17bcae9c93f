package expose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// handler serves the snapshots of scrape, with a timeout of ten seconds.
func handler(t *testing.T, scrape func(context.Context) []Snapshot) http.Handler {
	t.Helper()
	registry := prometheus.NewRegistry()
	meter, err := NewMeter(registry)
	if err != nil {
		t.Fatal(err)
	}
	meter.Track("a")
	meter.Track("b")
	h, err := NewHandler(Options{
		Scrape: scrape, Timeout: func() time.Duration { return 10 * time.Second },
		Reload: func() error { return errors.New("no such file") }, IsReady: func() bool { return true }, IsNative: func() bool { return false }, Meter: meter, Registry: registry,
		Logger: slog.New(slog.DiscardHandler), Version: "1.2.3",
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func handlerOf(t *testing.T, options Options) http.Handler {
	t.Helper()
	h, err := NewHandler(options)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// get returns the status and body of a GET with header lines such as "Accept: x".
func get(h http.Handler, path string, header ...string) (int, string, http.Header) {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	for _, line := range header {
		key, value, _ := strings.Cut(line, ": ")
		request.Header.Set(key, value)
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	body, _ := io.ReadAll(recorder.Body) // of a buffer
	return recorder.Code, string(body), recorder.Header()
}

func series(name string, value float64, pairs ...string) transform.Series {
	return transform.Series{Family: family(contract.Predictions), Name: name, Labels: labels.FromStrings(append(pairs, "__name__", name)...), Value: value}
}

func family(name string) *transform.Family {
	row := metric(name)
	return &transform.Family{Type: row.Type, Help: row.Help}
}

func snapshots() []Snapshot {
	confidence := transform.Series{
		Family:    family(contract.Confidence),
		Name:      contract.Confidence,
		Labels:    labels.FromStrings("__name__", contract.Confidence, "gateway", "a", "label", "joy"),
		Histogram: &transform.Histogram{Count: 3, Sum: 2.5, Buckets: []transform.Bucket{{Bound: 0.5, Count: 1}, {Bound: 0.9, Count: 2}}},
	}
	return []Snapshot{
		{Gateway: "a", Up: true, Duration: 250 * time.Millisecond, Series: NewBlock("a", []transform.Series{
			confidence, series(contract.Predictions, 6, "gateway", "a", "label", "so \"happy\"/very-much.v2\n"),
		})},
		{Gateway: "b", Duration: 2 * time.Second},
	}
}

const wantPage = `# HELP moodring_exporter_dropped_series_total Series left out because they could not be decoded or were over the limit.
# TYPE moodring_exporter_dropped_series_total counter
moodring_exporter_dropped_series_total{gateway="a"} 0
moodring_exporter_dropped_series_total{gateway="b"} 0
# HELP moodring_exporter_scrape_bytes_total Bytes read from the gateway, after decompression.
# TYPE moodring_exporter_scrape_bytes_total counter
moodring_exporter_scrape_bytes_total{gateway="a"} 0
moodring_exporter_scrape_bytes_total{gateway="b"} 0
# HELP moodring_exporter_scrape_duration_seconds Time the last scrape of the gateway took.
# TYPE moodring_exporter_scrape_duration_seconds gauge
moodring_exporter_scrape_duration_seconds{gateway="a"} 0.25
moodring_exporter_scrape_duration_seconds{gateway="b"} 2
# HELP moodring_exporter_scrape_errors_total Scrapes of the gateway that failed.
# TYPE moodring_exporter_scrape_errors_total counter
moodring_exporter_scrape_errors_total{gateway="a"} 0
moodring_exporter_scrape_errors_total{gateway="b"} 0
# HELP moodring_exporter_scrape_samples Samples of the gateway after the transform, at the last scrape.
# TYPE moodring_exporter_scrape_samples gauge
moodring_exporter_scrape_samples{gateway="a"} 2
moodring_exporter_scrape_samples{gateway="b"} 0
# HELP moodring_exporter_target_up Whether the last scrape of the gateway succeeded.
# TYPE moodring_exporter_target_up gauge
moodring_exporter_target_up{gateway="a"} 1
moodring_exporter_target_up{gateway="b"} 0
# HELP moodring_prediction_confidence Score of the top label, 0 to 1.
# TYPE moodring_prediction_confidence histogram
moodring_prediction_confidence_bucket{gateway="a",label="joy",le="0.5"} 1
moodring_prediction_confidence_bucket{gateway="a",label="joy",le="0.9"} 2
moodring_prediction_confidence_bucket{gateway="a",label="joy",le="+Inf"} 3
moodring_prediction_confidence_sum{gateway="a",label="joy"} 2.5
moodring_prediction_confidence_count{gateway="a",label="joy"} 3
# HELP moodring_predictions_total Predictions by top label.
# TYPE moodring_predictions_total counter
moodring_predictions_total{gateway="a",label="so \"happy\"/very-much.v2\n"} 6
`

func TestMetrics(t *testing.T) {
	h := handler(t, func(context.Context) []Snapshot { return snapshots() })
	code, body, _ := get(h, "/metrics")
	if diff := cmp.Diff(wantPage, body); diff != "" || code != http.StatusOK {
		t.Errorf("status %d, page (-want +got):\n%s", code, diff)
	}
}

func TestMetricsInOpenMetricsAndGzip(t *testing.T) {
	h := handler(t, func(context.Context) []Snapshot { return snapshots() })
	_, body, header := get(h, "/metrics", "Accept: application/openmetrics-text;version=1.0.0")
	if !strings.HasSuffix(body, "# EOF\n") || !strings.Contains(body, "# TYPE moodring_predictions counter\n") {
		t.Errorf("not OpenMetrics: %s", body)
	}
	if got := header.Get("Content-Type"); !strings.HasPrefix(got, "application/openmetrics-text; version=1.0.0") {
		t.Errorf("Content-Type is %s", got)
	}
	if _, _, header := get(h, "/metrics", "Accept-Encoding: gzip"); header.Get("Content-Encoding") != "gzip" {
		t.Errorf("Content-Encoding is %q, want gzip", header.Get("Content-Encoding"))
	}
}

// Series of two gateways with the same labels after relabelling are not added up.
func TestMetricsOfGatewaysThatLookAlike(t *testing.T) {
	h := handler(t, func(context.Context) []Snapshot {
		return []Snapshot{
			{Gateway: "a", Up: true, Series: NewBlock("a", []transform.Series{series("mood", 6, "label", "joy")})},
			{Gateway: "b", Up: true, Series: NewBlock("b", []transform.Series{series("mood", 7, "label", "joy"), series("moodring_exporter_target_up", 1, "x", "y"), series("mood", 8, "label", "grief"), series("moodring_exporter_scrape_errors_total", 1, "x", "y")})},
		}
	})
	get(h, "/metrics") // counts the dropped series, for the next page
	_, body, _ := get(h, "/metrics")
	for _, line := range []string{"mood{label=\"joy\"} 6\n", "dropped_series_total{gateway=\"a\"} 0\n", "dropped_series_total{gateway=\"b\"} 3\n", "mood{label=\"grief\"} 8\n"} {
		if !strings.Contains(body, line) {
			t.Errorf("no %q in\n%s", line, body)
		}
	}
}

// A name that relabelling gave to a series, and that a sample of another metric has,
// is left out: Prometheus would see the same series twice.
func TestMetricsOfNamesThatClash(t *testing.T) {
	all := append(snapshots(), Snapshot{Gateway: "b", Series: NewBlock("b", []transform.Series{
		series("moodring_prediction_confidence_count", 1, "gateway", "b"), series("moodring_predictions", 1, "gateway", "b"),
		series("moodring_exporter_scrape_errors", 1, "gateway", "b"), series("mood_created", 1, "gateway", "b"), series("mood_total", 1, "gateway", "b"),
	})})
	_, body, _ := get(handler(t, func(context.Context) []Snapshot { return all }), "/metrics")
	for _, line := range strings.Split(body, "\n") {
		if strings.Contains(line, `{gateway="b"} 1`) && !strings.HasPrefix(line, "mood_created{") {
			t.Errorf("the page has the line %s", line)
		}
	}
}

func TestMeterRecords(t *testing.T) {
	registry := prometheus.NewRegistry()
	meter, err := NewMeter(registry)
	if err != nil {
		t.Fatal(err)
	}
	meter.Track("a")
	meter.Track("gone")
	meter.Record(Snapshot{Gateway: "a", Bytes: 100})
	meter.Record(Snapshot{Gateway: "a", Up: true, Bytes: 20, Dropped: 3})
	meter.Forget("gone")
	meter.Record(Snapshot{Gateway: "gone", Bytes: 1}) // a scrape that ends late
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		if len(family.Metric) != 1 {
			t.Errorf("%s has %d series, want that of a", family.GetName(), len(family.Metric))
		}
		got[family.GetName()] = family.Metric[0].GetCounter().GetValue()
	}
	want := map[string]float64{contract.ExporterBytes: 120, contract.ExporterErrors: 1, contract.ExporterDropped: 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

// The scrape has the scraper's timeout, less time for the response.
func TestMetricsDeadline(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":      10 * time.Second,
		"60":    10 * time.Second,
		"5":     4500 * time.Millisecond,
		"0.6":   300 * time.Millisecond,
		"1e9":   10 * time.Second,
		"1e300": 10 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			h := handler(t, func(ctx context.Context) []Snapshot {
				<-ctx.Done()
				return nil
			})
			get(h, "/metrics", timeoutHeader+": "+header)
			if got := time.Since(start); math.Abs(float64(got-want)) > float64(time.Millisecond) {
				t.Errorf("%s: the scrape had %s, want %s", header, got, want)
			}
		})
	}
}

func TestMetricsBadDeadline(t *testing.T) {
	h := handler(t, func(context.Context) []Snapshot { return nil })
	for _, text := range []string{"soon", "0", "-1", "NaN"} {
		if code, body, _ := get(h, "/metrics", timeoutHeader+": "+text); code != http.StatusBadRequest || !strings.Contains(body, timeoutHeader) {
			t.Errorf("%s: got %d %s, want 400", text, code, body)
		}
	}
}

func TestOtherPages(t *testing.T) {
	h := handler(t, func(context.Context) []Snapshot { return nil })
	for path, want := range map[string]string{
		"/":          "Moodring exporter",
		"/-/healthy": "The exporter is healthy.\n",
		"/-/ready":   "The exporter is ready.\n",
	} {
		if code, body, _ := get(h, path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %s, want %s", path, code, body, want)
		}
	}
	if code, _, _ := get(h, "/nothing"); code != http.StatusNotFound {
		t.Errorf("/nothing: got %d, want 404", code)
	}
}

func TestMetricsAskedByPost(t *testing.T) {
	recorder := httptest.NewRecorder()
	handler(t, nil).ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/metrics", new(bytes.Buffer)))
	if recorder.Code != http.StatusMethodNotAllowed {
		t.Errorf("got %d, want 405", recorder.Code)
	}
}

func TestReadyAndReload(t *testing.T) {
	for name, test := range map[string]struct {
		method, path string
		options      Options
		code         int
		body         string
	}{
		"not ready":   {"GET", "/-/ready", Options{IsReady: func() bool { return false }}, 503, "The exporter does not know its gateways yet.\n"},
		"loaded":      {"POST", "/-/reload", Options{Reload: func() error { return nil }}, 200, "The configuration is loaded.\n"},
		"not sound":   {"POST", "/-/reload", Options{Reload: func() error { return errors.New("a.yml: line 3") }}, 500, "a.yml: line 3\n"},
		"put":         {"PUT", "/-/reload", Options{Reload: func() error { return nil }}, 200, "The configuration is loaded.\n"},
		"not allowed": {"POST", "/-/reload", Options{}, 403, "Requests must not reload the configuration: start the exporter with --web.enable-lifecycle, or send SIGHUP.\n"},
		"not asked":   {"GET", "/-/reload", Options{}, 405, "Send a POST or PUT request, as in curl -X POST.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			handlerOf(t, test.options).ServeHTTP(recorder, httptest.NewRequest(test.method, test.path, nil))
			if recorder.Code != test.code || recorder.Body.String() != test.body {
				t.Errorf("got %d %q, want %d %q", recorder.Code, recorder.Body, test.code, test.body)
			}
		})
	}
}

// A page of a thousand gateways whose series are already encoded.
func BenchmarkMetrics(b *testing.B) {
	registry := prometheus.NewRegistry()
	meter, err := NewMeter(registry)
	if err != nil {
		b.Fatal(err)
	}
	var all []Snapshot
	for i := range 1000 {
		gateway := fmt.Sprint("gateway-", i)
		series := manySeries(30)
		for j := range series {
			series[j].Labels = labels.NewBuilder(series[j].Labels).Set("gateway", gateway).Labels()
		}
		all = append(all, Snapshot{Gateway: gateway, Up: true, Series: NewBlock(gateway, series)})
		meter.Track(gateway)
	}
	h, err := NewHandler(Options{
		Scrape: func(context.Context) []Snapshot { return all }, Timeout: func() time.Duration { return time.Second }, IsNative: func() bool { return false }, Meter: meter, Registry: registry,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil))
	}
}
