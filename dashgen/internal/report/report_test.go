package report

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/moodring/moodring/dashgen/internal/baseline"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/prom"
	"github.com/moodring/moodring/dashgen/internal/promtest"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

// TestUpperGamma compares with tables of the chi-squared distribution.
func TestUpperGamma(t *testing.T) {
	for _, tc := range []struct{ freedom, statistic, want float64 }{
		{1, 3.8414588, 0.05}, {1, 0, 1}, {2, 2, math.Exp(-1)}, {5, 11.0704977, 0.05}, {10, 18.3070381, 0.05}, {10, 2.5582122, 0.99},
		{63, 82.5287265, 0.05}, {100, 124.3421134, 0.05}, {1, 10.8275662, 0.001},
	} {
		if got := upperGamma(tc.freedom/2, tc.statistic/2); math.Abs(got-tc.want) > 1e-6 {
			t.Errorf("of %g with %g degrees: got %.9f, want %g", tc.statistic, tc.freedom, got, tc.want)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, tc := range []struct {
		name              string
		counts, reference map[string]float64
		isExact           bool
		want              Verdict
		least, most       float64 // of the probability
	}{
		{"the same mix", map[string]float64{"a": 600, "b": 400}, map[string]float64{"a": 0.6, "b": 0.4}, true, Steady, 1, 1},
		{"by chance", map[string]float64{"a": 615, "b": 385}, map[string]float64{"a": 0.6, "b": 0.4}, true, Steady, 0.3, 0.4},
		{"swapped", map[string]float64{"a": 400, "b": 600}, map[string]float64{"a": 0.6, "b": 0.4}, true, Moved, 0, 1e-9},
		{"a new label", map[string]float64{"a": 400, "c": 600}, map[string]float64{"a": 0.6, "b": 0.4}, true, Far, 0, 1e-9},
		{"few", map[string]float64{"a": 40, "b": 60}, map[string]float64{"a": 0.6, "b": 0.4}, true, TooFew, 0, 0.001},
		{"two samples by chance", map[string]float64{"a": 615, "b": 385}, map[string]float64{"a": 600, "b": 400}, false, Steady, 0.4, 0.6},
		{"two samples of one size", map[string]float64{"a": 500, "b": 500}, map[string]float64{"a": 500, "b": 500}, false, Steady, 1, 1},
		{"two samples apart", map[string]float64{"a": 615, "b": 385}, map[string]float64{"a": 300, "b": 700}, false, Far, 0, 1e-9},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := compare(tc.counts, tc.reference, tc.isExact, "it")
			if d.Verdict != tc.want || d.Test == nil || d.Test.P < tc.least || d.Test.P > tc.most {
				t.Errorf("got %+v, test %+v", d, d.Test)
			}
		})
	}
	if d := compare(map[string]float64{"a": 500}, map[string]float64{"a": 1}, true, "it"); d.Test != nil {
		t.Errorf("one label has a test: %+v", d.Test)
	}
}

// TestDriftIsTheRules compares the report's numbers with those that the recording
// rules write for the same window.
func TestDriftIsTheRules(t *testing.T) {
	text, err := rules.File(board.All(), rules.Windows{Drift: "30m"})
	if err != nil {
		t.Fatal(err)
	}
	prometheus := promtest.Dial(t, promtest.Server(t, promtest.Stack(), promtest.Now, promtest.Baseline, string(text)).URL)
	r := gather(t, prometheus, Options{Model: baseline.Model{Namespace: "n", Service: "s", Name: "bert"}, Version: "2", From: at(promtest.Now - 30*time.Minute), To: at(promtest.Now)})
	for name, got := range map[string]float64{"moodring:label_drift:psi": r.Drift.Index, "moodring:label_drift:distance": r.Drift.Distance, "moodring:confidence:mean": r.Confidence.Mean} {
		most := 1e-9
		if name == "moodring:label_drift:distance" {
			most = 1e-3 // the rule takes 0.0001 for the share of a label that the baseline lacks
		}
		vector, err := prometheus.Vector(t.Context(), name+`{namespace="n",service="s",model="bert",version="2"}`, at(promtest.Now))
		if err != nil || len(vector) != 1 {
			t.Fatalf("%s: %v, %v", name, vector, err)
		}
		if want := float64(vector[0].Value); math.Abs(got-want) > most {
			t.Errorf("%s: got %g, want %g", name, got, want)
		}
	}
	if r.Drift.Against != "the recorded baseline" || math.Abs(r.Confidence.Baseline-0.9) > 1e-9 {
		t.Errorf("got %+v, %+v", r.Drift, r.Confidence)
	}
}

func at(since time.Duration) time.Time { return time.Unix(0, 0).Add(since) }

func gather(t *testing.T, prometheus prom.Client, o Options) Report {
	t.Helper()
	r, err := Gather(t.Context(), prometheus, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// loads matches what makes a browser load a file or run a script.
var loads = regexp.MustCompile(`(?i)<script|<link|<img|<iframe|<object| (src|href|on\w+)=|url\(|@import`)

// TestHostile checks that names of models and labels stay text.
func TestHostile(t *testing.T) {
	const series = `load 15s
  moodring_predictions_total{gateway="a",model="<b>\"m",version="'><script>alert(1)</script>",label="</title></svg><script>alert(2)</script>"} 0+3x240
  moodring_predictions_total{gateway="a",model="<b>\"m",version="'><script>alert(1)</script>",label="javascript:x onload=y"} 0+1x240
`
	prometheus := promtest.Dial(t, promtest.Server(t, series, time.Hour).URL)
	r := gather(t, prometheus, Options{Model: baseline.Model{Name: `<b>"m`}, From: at(30 * time.Minute), To: at(time.Hour)})
	text, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	body := strings.ReplaceAll(string(text), "javascript:x onload=y", "")
	if found := loads.FindString(body); found != "" {
		t.Errorf("the file has %q", found)
	}
	for _, want := range []string{"&lt;/title&gt;&lt;/svg&gt;&lt;script&gt;alert(2)", "<h1>&lt;b&gt;&#34;m</h1>", "The model's replies have no scores.", "Compared with the 30m before: ", "no replies of the model"} {
		if !strings.Contains(body, want) {
			t.Errorf("the file lacks %q", want)
		}
	}
}

func TestRoundUp(t *testing.T) {
	for n, want := range map[float64]float64{0: 4, 4: 4, 5: 8, 51: 80, 1000: 1200, 19e6: 20e6} {
		if got := roundUp(n); got != want {
			t.Errorf("of %g: got %g, want %g", n, got, want)
		}
	}
}

// TestHTML checks each part of the file.
func TestHTML(t *testing.T) {
	prometheus := promtest.Dial(t, promtest.Server(t, promtest.Stack(), promtest.Now, promtest.Baseline).URL)
	r := gather(t, prometheus, Options{Model: baseline.Model{Namespace: "n", Service: "s", Name: "bert"}, From: at(promtest.Now - time.Hour), To: at(promtest.Now)})
	text, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	if found := loads.Find(text); found != nil {
		t.Errorf("the file has %q", found)
	}
	for _, want := range []string{
		"<h1>bert of n/s</h1>", "Predictions from 1970-01-01 00:10 UTC to 1970-01-01 01:10 UTC", `<th scope="row">joy</th>`, "great drift", "less than 0.0001",
		"Mean score over time", "no version", "the predictions are counted", "denied by authorization (403)", "rate-limited (429)", "in steps of 1m",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the file lacks %q", want)
		}
	}
	if strings.Contains(string(text), "NaN") || strings.Contains(string(text), "Inf") {
		t.Error("the file has a number that is none")
	}
}

func TestGatherRefuses(t *testing.T) {
	prometheus := promtest.Dial(t, promtest.Server(t, promtest.Stack(), promtest.Now).URL)
	_, err := Gather(t.Context(), prometheus, Options{Model: baseline.Model{Name: "nobody"}, Version: "7", From: at(0), To: at(promtest.Now)})
	if err == nil || !strings.Contains(err.Error(), `no predictions of a model "nobody", version "7", from 1970-01-01T00:00:00Z to 1970-01-01T01:10:00Z; there are bert, `) {
		t.Errorf("got %v", err)
	}
	_, err = Gather(t.Context(), prometheus, Options{Model: baseline.Model{Name: "bert"}, From: at(0), To: at(promtest.Now)})
	if want := `report: 3 services have a model "bert": m/s, n/s, n/t; choose one with --namespace and --service`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	empty := promtest.Dial(t, promtest.Server(t, "load 15s\n  up{job=\"a\"} 1x4\n", time.Minute).URL)
	if _, err := Gather(t.Context(), empty, Options{Model: baseline.Model{Name: "bert"}, From: at(0), To: at(time.Minute)}); err == nil || !strings.Contains(err.Error(), "there are no models at all") {
		t.Errorf("got %v", err)
	}
}
