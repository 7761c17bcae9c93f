package verify

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promtest"
	"github.com/moodring/moodring/dashgen/internal/query"
)

// TestPanelsShowWhatIsThere: what each panel of the overview draws of
// promtest.Healthy, each series by the name in its legend.
func TestPanelsShowWhatIsThere(t *testing.T) {
	want := map[string][]string{
		"Answers in total":   {`joy 1800`, `sadness 600`, `so "happy"/very-much.v2 7`},
		"Answers by label":   {`joy 3`, `sadness 1`, `so "happy"/very-much.v2 0`},
		"Label mix":          {`joy 0.75`, `sadness 0.25`, `so "happy"/very-much.v2 0`},
		"Confidence":         {`+Inf 2`, `0.5 0`, `0.9 1`, `0.99 2`},
		"Median confidence":  {`joy 0.9`, `so "happy"/very-much.v2 NaN`},
		"Replies by outcome": {`counted 4`, `unparsed 0.2`},
		"Requests by code":   {`2xx 4`, `4xx 0.6`},
		"Model time":         {`p50 bert 0.02`, `p95 bert 0.11`},
		"Denied":             {`a 0.4`, `b 0`},
		"Rate-limited":       {`a over the limit 0.2`, `b over the limit 0`, `a not asked 0`, `b not asked 0`},
		"Refused in total":   {`denied 240`, `rate-limited 120`},
		"Gateways":           {`a 1`, `b 0`},
		"Scrape time":        {`a 0.002`, `b 0.25`},
		"Overflow":           {`labels 0`, `models 0`},
		"Left out":           {`a failed scrapes 0`, `b failed scrapes 0.0666667`, `a dropped series 0`},
		"Series":             {`a 19`, `b 12`},
	}
	prometheus := dial(t, promtest.Server(t, promtest.Healthy, promtest.Now).URL)
	got := map[string][]string{}
	for _, o := range board.Overview().Observables() {
		for _, s := range o.Series {
			got[o.Title] = append(got[o.Title], drawn(t, prometheus, s, query.Everything("5m"))...)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestVariablesNarrowPanels(t *testing.T) {
	tests := []struct {
		name  string
		match map[string]string
		want  []string
	}{
		{"one gateway", map[string]string{"gateway": "a", "model": ".*"}, []string{"joy 1200", "sadness 600"}},
		{"two gateways", map[string]string{"gateway": "(a|b)", "model": "bert"}, []string{"joy 1800", "sadness 600"}},
		{"one model", map[string]string{"gateway": ".*", "model": "resting"}, []string{`so "happy"/very-much.v2 7`}},
		{"neither", map[string]string{"gateway": "c", "model": ".*"}, nil},
	}
	prometheus := dial(t, promtest.Server(t, promtest.Healthy, promtest.Now).URL)
	total := board.Overview().Observables()[0].Series[0]
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := drawn(t, prometheus, total, query.Values{Match: tc.match, RateInterval: "5m"})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestAlerts: in promtest.Healthy one gateway has just gone down, and 3 of 63
// replies are unparsed, which is less than the limit.
func TestAlerts(t *testing.T) {
	prometheus := dial(t, promtest.Server(t, promtest.Healthy, promtest.Now).URL)
	want := map[string]int{
		"MoodringConfidenceLow": 0, "MoodringRepliesUnparsed": 0, "MoodringGatewayErrors": 0, "MoodringGatewayDown": 1,
		"MoodringOverflow": 0, "MoodringRateLimitFailing": 0, "MoodringSeriesDropped": 0,
	}
	got := map[string]int{}
	for _, o := range board.Overview().Observables() {
		if o.Alert != nil {
			got[o.Alert.Name] = len(instant(t, prometheus, o.Alert.Text()))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAlertsOfASickStack(t *testing.T) {
	sick := `load 15s
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="0.4"} 0+15x40
  moodring_prediction_confidence_bucket{gateway="a",model="bert",version="",label="joy",le="+Inf"} 0+15x40
  moodring_replies_total{gateway="a",model="bert",version="",outcome="counted"} 0+15x40
  moodring_replies_total{gateway="a",model="bert",version="",outcome="unparsed"} 0+15x40
  moodring_gateway_requests_total{gateway="a",code_class="2xx"} 0+15x40
  moodring_gateway_requests_total{gateway="a",code_class="5xx"} 0+15x40
  moodring_gateway_ratelimit_total{gateway="a",result="error"} 0+15x40
  moodring_overflow_total{gateway="a",kind="labels"} 0+15x40
  moodring_exporter_dropped_series_total{gateway="a"} 0+15x40
  moodring_exporter_target_up{gateway="a"} 0+0x40
`
	prometheus := dial(t, promtest.Server(t, sick, promtest.Now).URL)
	for _, o := range board.Overview().Observables() {
		if o.Alert != nil && len(instant(t, prometheus, o.Alert.Text())) != 1 {
			t.Errorf("%s: got no series, want one: %s", o.Alert.Name, o.Alert.Text())
		}
	}
}

func TestAskHealthy(t *testing.T) {
	report, err := dial(t, promtest.Server(t, promtest.Healthy, promtest.Now).URL).Ask(t.Context(), board.Overview(), query.Everything("5m"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Panels{Total: 16, Answered: 16}); report.Panels != want {
		t.Errorf("got %+v, want %+v", report.Panels, want)
	}
	for _, q := range report.Queries {
		if q.State != Answered || q.Series == 0 || q.Error != "" || len(q.Notes) > 0 {
			t.Errorf("got %+v, want it answered, and no remarks", q)
		}
	}
}

// TestAskMissing leaves out one metric after the other: each must be missed.
func TestAskMissing(t *testing.T) {
	for _, metric := range contract.Metrics() {
		shows := board.Overview().Shows(metric.Name)
		if len(shows) == 0 {
			continue
		}
		t.Run(metric.Name, func(t *testing.T) {
			prometheus := dial(t, promtest.Server(t, without(promtest.Healthy, metric.Name), promtest.Now).URL)
			report, err := prometheus.Ask(t.Context(), board.Overview(), query.Everything("5m"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(shows, unanswered(report)); diff != "" {
				t.Errorf("panels without an answer: -want +got:\n%s", diff)
			}
			if want := 16 - len(shows); report.Panels.Answered != want {
				t.Errorf("got %d panels answered, want %d", report.Panels.Answered, want)
			}
		})
	}
}

func TestAskIdle(t *testing.T) {
	const idle = `load 15s
  moodring_predictions_total{gateway="a",model="bert",version="",label="joy"} 7+0x40
`
	b := board.Board{Rows: []board.Row{{Observables: []board.Observable{mix()}}}}
	report, err := dial(t, promtest.Server(t, idle, promtest.Now).URL).Ask(t.Context(), b, query.Everything("5m"))
	if err != nil {
		t.Fatal(err)
	}
	want := Report{
		Panels:  Panels{Total: 1, Answered: 1},
		Queries: []Result{{Panel: "Label mix", Expr: mix().Series[0].Query.Text(query.Everything("5m")), Series: 1, State: Idle}},
	}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAskFailed(t *testing.T) {
	server := answers(t, http.StatusUnprocessableEntity, `{"status":"error","errorType":"execution","error":"query processing would load too many samples"}`)
	b := board.Board{Rows: []board.Row{{Observables: []board.Observable{mix()}}}}
	report, err := dial(t, server).Ask(t.Context(), b, query.Everything("5m"))
	if err != nil {
		t.Fatal(err)
	}
	got := report.Queries[0]
	if got.State != Failed || !strings.Contains(got.Error, "too many samples") || report.Panels.Answered != 0 {
		t.Errorf("got %+v", report)
	}
}

func TestAskNoPrometheus(t *testing.T) {
	for name, server := range map[string]string{
		"another server": answers(t, http.StatusOK, "<html>hello</html>"),
		"no such page":   answers(t, http.StatusNotFound, "nothing here"),
		"broken proxy":   answers(t, http.StatusBadGateway, "upstream connect error"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dial(t, server).Ask(t.Context(), board.Overview(), query.Everything("5m"))
			if err == nil || !strings.Contains(err.Error(), "asking Prometheus at "+server) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got error %v, want one line that names %s", err, server)
			}
		})
	}
}

// answers serves the same answer to every request.
func answers(t *testing.T, code int, body string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		if _, err := io.WriteString(w, body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func dial(t *testing.T, url string) Prometheus {
	t.Helper()
	prometheus, err := Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	return prometheus
}

func instant(t *testing.T, p Prometheus, expr string) model.Vector {
	t.Helper()
	value, _, _, err := p.api.Query(t.Context(), expr, time.Time{})
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return value.(model.Vector)
}

// drawn returns a line for each series: its name by the legend, and its value.
func drawn(t *testing.T, p Prometheus, s board.Series, v query.Values) []string {
	t.Helper()
	var lines []string
	for _, sample := range instant(t, p, s.Query.Text(v)) {
		name := s.Legend
		for label, value := range sample.Metric {
			name = strings.ReplaceAll(name, "{{"+string(label)+"}}", string(value))
		}
		lines = append(lines, fmt.Sprintf("%s %.6g", name, float64(sample.Value)))
	}
	slices.Sort(lines)
	return lines
}

func without(load, metric string) string {
	var kept []string
	for _, line := range strings.Split(load, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), metric) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// unanswered returns the panels, not the variables, with a query that is not
// sound.
func unanswered(report Report) []string {
	var titles []string
	for _, q := range report.Queries {
		if !q.State.Sound() && !strings.HasPrefix(q.Panel, "variable ") && !slices.Contains(titles, q.Panel) {
			titles = append(titles, q.Panel)
		}
	}
	return titles
}

func mix() board.Observable {
	for _, o := range board.Overview().Observables() {
		if o.Title == "Label mix" {
			return o
		}
	}
	panic("the overview has no panel Label mix")
}
