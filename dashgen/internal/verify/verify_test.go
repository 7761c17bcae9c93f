package verify

import (
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
	"github.com/moodring/moodring/dashgen/internal/promql"
	"github.com/moodring/moodring/dashgen/internal/promtest"
)

func TestVariablesNarrowPanels(t *testing.T) {
	tests := []struct {
		name  string
		match map[string]string
		want  []string
	}{
		{"one gateway", map[string]string{"gateway": `=~"a"`, "model": `=~".*"`, "label": `=~"joy|sadness"`}, []string{"joy = 53170.5", "sadness = 2.17703e+06"}},
		{"two gateways", map[string]string{"gateway": `=~"(a|b)"`, "model": `="bert"`, "label": `=~"joy|sadness"`}, []string{"joy = 66389.6", "sadness = 2.18309e+06"}},
		{"one model", map[string]string{"gateway": `=~".*"`, "model": `="resting"`}, []string{`so "happy"/very-much.v2 = 0`}},
		{"neither", map[string]string{"gateway": `="c"`, "model": `=~".*"`}, nil},
	}
	prometheus := promtest.Dial(t, promtest.Server(t, promtest.Stack(), promtest.Now).URL)
	total := panel(t, board.Overview(), "Predictions").Series[0]
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := drawn(t, prometheus, total.Query.Text(promql.Values{Match: tc.match, RateInterval: "5m", Range: "1h"}), total.Legend)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

var usual = Limits{RateInterval: "5m", Slow: time.Minute, Series: 100}

func TestRunHealthy(t *testing.T) {
	report, err := Run(t.Context(), healthy(t, board.All()), board.All(), usual)
	if err != nil {
		t.Fatal(err)
	}
	if report.Panels.Off != 0 || report.Panels.Total == 0 || report.Panels.Answered != report.Panels.Total {
		t.Errorf("got %+v, want all answered", report.Panels)
	}
	for _, q := range report.Queries {
		if !q.State.Sound() || q.Error != "" || len(q.Notes) > 0 || q.State == Off {
			t.Errorf("got %+v, want it answered, and no remarks", q)
		}
	}
}

// TestRunWithoutRules checks that exactly the panels of recorded series are off.
func TestRunWithoutRules(t *testing.T) {
	report := runOn(t, promtest.Stack(), board.All())
	if report.Panels.Off != 8 || report.Panels.Answered != report.Panels.Total {
		t.Errorf("got %+v, want the 8 panels of recorded series off, and the others answered", report.Panels)
	}
}

// TestRunWithoutScoresAndNumbers: the rules of a model that answers neither are off, and not
// empty.
func TestRunWithoutScoresAndNumbers(t *testing.T) {
	series := withoutMetric(withoutMetric(promtest.Stack(), contract.Confidence), contract.PredictionValue)
	for _, q := range runOn(t, series, board.Set{Recordings: board.All().Recordings}).Queries {
		if !q.State.Sound() {
			t.Errorf("%s is %s", q.Panel, q.State)
		}
	}
}

// TestRunMissing leaves out one metric at a time: each panel of the metric is
// unsound, or off.
func TestRunMissing(t *testing.T) {
	for _, metric := range contract.Metrics() {
		t.Run(metric.Name, func(t *testing.T) {
			var want, off []string
			some := board.Set{}
			for _, b := range board.All().Boards {
				some.Boards = append(some.Boards, only(b, metric.Name))
				for _, title := range b.Shows(metric.Name) {
					if title == "Plugin faults" || title == "Uncounted models" {
						continue // 0 if one of its two metrics is missing; no row is a good sign
					}
					if needs(b, title) {
						off = append(off, b.File+": "+title)
					} else {
						want = append(want, b.File+": "+title)
					}
				}
			}
			report := runOn(t, withoutMetric(promtest.Stack(), metric.Name), some)
			if diff := cmp.Diff(want, panelsIn(report, func(s State) bool { return !s.Sound() })); diff != "" {
				t.Errorf("panels without an answer: -want +got:\n%s", diff)
			}
			missed := panelsIn(report, func(s State) bool { return s == Off })
			for _, panel := range off {
				if !slices.Contains(missed, panel) {
					t.Errorf("panel %s is not off", panel)
				}
			}
		})
	}
}

func TestRunIdle(t *testing.T) {
	const idle = `load 15s
  moodring_predictions_total{gateway="a",model="bert",version="",label="joy"} 7+0x280
`
	report := runOn(t, idle, setOf(labelMix()))
	want := Result{Board: "one", Panel: "Label mix", Expr: labelMix().Series[0].Query.Text(promql.Values{RateInterval: "5m", Smoothing: "5m"}), Series: 1, State: Idle, Sound: true}
	got := report.Queries[0]
	got.Seconds = 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if want := (Panels{Total: 1, Answered: 1}); report.Panels != want {
		t.Errorf("got %+v, want %+v", report.Panels, want)
	}
}

func TestRunLimits(t *testing.T) {
	tests := []struct {
		name   string
		limits Limits
		want   State
		error  string
	}{
		{"slow", Limits{RateInterval: "5m", Slow: 0, Series: 100}, Slow, "should take 0s at most"},
		{"too many series", Limits{RateInterval: "5m", Slow: time.Minute, Series: 1}, Crowded, "15 series are too many to tell apart; at most 1"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p := promtest.Dial(t, promtest.Server(t, promtest.Stack(), promtest.Now).URL)
			report, err := Run(t.Context(), p, setOf(labelMix()), tc.limits)
			if err != nil {
				t.Fatal(err)
			}
			got := report.Queries[0]
			if got.State != tc.want || !strings.Contains(got.Error, tc.error) || report.Panels.Answered != 0 {
				t.Errorf("got %+v, want %s, %q", got, tc.want, tc.error)
			}
		})
	}
}

// TestRunTypes has a gauge under the name of a counter.
func TestRunTypes(t *testing.T) {
	changed := strings.ReplaceAll(promtest.Stack(), "# TYPE moodring_replies_total counter", "# TYPE moodring_replies_total gauge")
	var got []string
	for _, q := range runOn(t, changed, board.All()).Queries {
		if q.State == Mismatch {
			got = append(got, q.Panel+": "+q.Error)
		}
	}
	want := []string{"metric moodring_replies_total: the contract has a counter, and Prometheus scraped a gauge: does another exporter serve a metric of this name?"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestRunFailed has a server that only replies to the query of its time.
func TestRunFailed(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/metadata"):
			http.NotFound(w, r)
		case r.FormValue("query") == "time()":
			_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"scalar","result":[600,"600"]}}`)
		default:
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"status":"error","errorType":"execution","error":"query processing would load too many samples"}`)
		}
	})
	report, err := Run(t.Context(), promtest.Dial(t, server), setOf(labelMix()), usual)
	if err != nil {
		t.Fatal(err)
	}
	got := report.Queries[0]
	if got.State != Failed || !strings.Contains(got.Error, "too many samples") || report.Panels.Answered != 0 {
		t.Errorf("got %+v", report)
	}
}

func TestRunNoPrometheus(t *testing.T) {
	for name, server := range map[string]string{
		"another server": serveReply(t, http.StatusOK, "<html>hello</html>"),
		"no such page":   serveReply(t, http.StatusNotFound, "nothing here"),
		"broken proxy":   serveReply(t, http.StatusBadGateway, "upstream connect error"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Run(t.Context(), promtest.Dial(t, server), board.All(), usual)
			if err == nil || !strings.Contains(err.Error(), "asking Prometheus at "+server) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got error %v, want one line that names %s", err, server)
			}
		})
	}
}

// serveReply serves the same reply to every request.
func serveReply(t *testing.T, code int, body string) string {
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		if _, err := io.WriteString(w, body); err != nil {
			t.Error(err)
		}
	})
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func runOn(t *testing.T, series string, all board.Set) Report {
	t.Helper()
	report, err := Run(t.Context(), promtest.Dial(t, promtest.Server(t, series, promtest.Now).URL), all, usual)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// setOf returns a set of one dashboard with one panel.
func setOf(o board.Panel) board.Set {
	return board.Set{Boards: []board.Board{{File: "one", Rows: []board.Row{{Panels: []board.Panel{o}}}}}}
}

func withoutMetric(load, metric string) string {
	var kept []string
	for _, line := range strings.Split(load, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), metric) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// only returns a dashboard with the panels of a metric.
func only(b board.Board, metric string) board.Board {
	titles := b.Shows(metric)
	var row board.Row
	for _, o := range b.Panels() {
		if slices.Contains(titles, o.Title) {
			row.Panels = append(row.Panels, o)
		}
	}
	return board.Board{File: b.File, Rows: []board.Row{row}}
}

func needs(b board.Board, title string) bool {
	return slices.ContainsFunc(b.Panels(), func(o board.Panel) bool { return o.Title == title && o.Needs != "" })
}

// panelsIn returns the panels with a query in one of the states.
func panelsIn(report Report, in func(State) bool) []string {
	var titles []string
	for _, q := range report.Queries {
		title := q.Board + ": " + q.Panel
		isPanel := strings.HasPrefix(q.Board, "grafana-") && !strings.HasPrefix(q.Panel, "variable ") && !strings.HasPrefix(q.Panel, "annotation ")
		if in(q.State) && isPanel && !slices.Contains(titles, title) {
			titles = append(titles, title)
		}
	}
	return titles
}

func labelMix() board.Panel {
	for _, o := range board.Overview().Panels() {
		if o.Title == "Label mix" {
			return o
		}
	}
	panic("the overview has no panel Label mix")
}

// panel returns the panel of a board with that title.
func panel(t *testing.T, b board.Board, title string) board.Panel {
	t.Helper()
	panels := b.Panels()
	at := slices.IndexFunc(panels, func(p board.Panel) bool { return p.Title == title })
	if at < 0 {
		t.Fatalf("board %s has no panel %q", b.File, title)
	}
	return panels[at]
}

// TestLatest: of a matrix, the samples in the last step count. Native histograms are left
// out.
func TestLatest(t *testing.T) {
	end := model.TimeFromUnix(1000)
	at := func(before time.Duration) *model.SampleStream {
		return &model.SampleStream{Values: []model.SamplePair{{Timestamp: end.Add(-before), Value: 1}}}
	}
	histogram := &model.SampleHistogram{Count: 1}
	for name, tc := range map[string]struct {
		value model.Value
		want  int
	}{
		"at the end":          {model.Matrix{at(0)}, 1},
		"in the last step":    {model.Matrix{at(10 * time.Second)}, 1},
		"a step before":       {model.Matrix{at(step)}, 0},
		"of histograms":       {model.Matrix{{Histograms: []model.SampleHistogramPair{{Timestamp: end, Histogram: histogram}}}, at(0)}, 1},
		"a vector of floats":  {model.Vector{{Value: 1}, {Value: 2}}, 2},
		"a vector of another": {model.Vector{{Histogram: histogram}}, 0},
	} {
		if samples, ok := latest(tc.value, end); !ok || len(samples) != tc.want {
			t.Errorf("%s: got %v, want %d samples", name, samples, tc.want)
		}
	}
}
