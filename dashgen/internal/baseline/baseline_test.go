package baseline

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promtest"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

var (
	end   = time.Unix(0, 0).Add(promtest.Now)
	start = end.Add(-time.Hour)
)

const period = "from 1970-01-01T00:10:00Z to 1970-01-01T01:10:00Z"

func TestRecord(t *testing.T) {
	client := promtest.Dial(t, promtest.Server(t, promtest.Stack(), promtest.Now).URL)
	unknown := math.NaN()
	bert := Model{"n", "s", "bert"}
	tests := []struct {
		name    string
		model   Model
		version string
		want    Distribution
	}{
		{"all versions, no confidence", Model{"n", "s", "calm"}, "", Distribution{Model{"n", "s", "calm"}, map[string]float64{"x": 9040, "y": 1380}, nil, unknown, period}},
		{"one version", bert, "6", Distribution{bert, map[string]float64{"joy": 480}, map[string]float64{"-10": 720, "250": 1200, "+Inf": 2400}, 0.7, period}},
		{"the same name, of another service", Model{"n", "t", "bert"}, "6",
			Distribution{Model{"n", "t", "bert"}, map[string]float64{"sadness": 1.2e6}, map[string]float64{"-10": 2160, "250": 2640, "+Inf": 7200}, unknown, period}},
		{"the only service", Model{Name: "third"}, "3", Distribution{Model{"n", "s", "third"}, map[string]float64{"x": 480, "y": 4320}, nil, unknown, period}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Record(t.Context(), client, tc.model, Period{tc.version, start, end})
			if err != nil {
				t.Fatal(err)
			}
			near := cmp.Comparer(func(a, b float64) bool { return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 0.01*a })
			if diff := cmp.Diff(tc.want, got, near); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRecordRefuses(t *testing.T) {
	url := promtest.Server(t, promtest.Stack(), promtest.Now).URL
	for name, tc := range map[string]struct {
		url   string
		model Model
		want  string
	}{
		"unknown model":                {url, Model{Name: "nobody"}, `has no moodring_predictions_total of a model "nobody"`},
		"a service without it":         {url, Model{"n", "t", "toxic"}, `of a model "toxic of n/t"`},
		"a name of several services":   {url, Model{Name: "bert"}, `3 services have a model "bert": m/s, n/s, n/t; choose one with --namespace and --service`},
		"several in the namespace too": {url, Model{Namespace: "n", Name: "bert"}, `2 services have a model "bert": n/s, n/t;`},
		"no Prometheus":                {"http://127.0.0.1:1", Model{Name: "nobody"}, "asking Prometheus at http://127.0.0.1:1: "},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Record(t.Context(), promtest.Dial(t, tc.url), tc.model, Period{"", start, end}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestCount(t *testing.T) {
	counted, err := Count(Model{Name: "bert"}, "c.txt", strings.NewReader("i am glad; really;joy\n\ni am sad;sadness\nwhat a day ; joy \n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]float64{"joy": 2, "sadness": 1}, counted.Counts); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, bad := range []string{"i am glad\n", "i am glad;\n"} {
		_, err := Count(Model{Name: "bert"}, "c.txt", strings.NewReader("a;b\n"+bad))
		if err == nil || err.Error() != "corpus c.txt, line 2: no label; write text;label" {
			t.Errorf("%q: got error %v", bad, err)
		}
	}
}

func TestFileOfNumbers(t *testing.T) {
	d := Distribution{Model: Model{"n", "s", "price"}, Values: map[string]float64{"100": 50, "250": 150, "+Inf": 200}, Confidence: math.NaN(), Source: "from a test"}
	got, err := d.File()
	if err != nil {
		t.Fatal(err)
	}
	const want = `# How the model price of n/s should answer: 200 predictions, from a test.
# Written by dashgen baseline; a later one replaces it.
groups:
  - name: moodring-baseline-n/s/price
    rules:
      - record: moodring:value_share:baseline
        expr: vector(1)
        labels:
          le: +Inf
          model: price
          namespace: "n"
          service: s
      - record: moodring:value_share:baseline
        expr: vector(0.25)
        labels:
          le: "100"
          model: price
          namespace: "n"
          service: s
      - record: moodring:value_share:baseline
        expr: vector(0.75)
        labels:
          le: "250"
          model: price
          namespace: "n"
          service: s
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFile(t *testing.T) {
	got, err := Distribution{Model: Model{Name: "bert"}, Counts: map[string]float64{"joy": 150, "true: \"x\"": 50}, Confidence: 0.9, Source: "from a test"}.File()
	if err != nil {
		t.Fatal(err)
	}
	const want = `# How the model bert should answer: 200 predictions, from a test.
# Written by dashgen baseline; a later one replaces it.
groups:
  - name: moodring-baseline-bert
    rules:
      - record: moodring:label_share:baseline
        expr: vector(0.75)
        labels:
          label: joy
          model: bert
      - record: moodring:label_share:baseline
        expr: vector(0.25)
        labels:
          label: 'true: "x"'
          model: bert
      - record: moodring:confidence:baseline
        expr: vector(0.9)
        labels:
          model: bert
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFileRefuses(t *testing.T) {
	_, err := Distribution{Model: Model{Name: "bert"}, Counts: map[string]float64{"joy": 99}}.File()
	if err == nil || !strings.Contains(err.Error(), "99 predictions are too few") {
		t.Errorf("got error %v", err)
	}
}

// TestRoundTrip checks that a steady model has not drifted from a baseline of its
// own last hour.
func TestRoundTrip(t *testing.T) {
	client := promtest.Dial(t, promtest.Server(t, promtest.Stack(), promtest.Now).URL)
	recorded, err := Record(t.Context(), client, Model{"n", "s", "bert"}, Period{"4", start, end})
	if err != nil {
		t.Fatal(err)
	}
	own, err := recorded.File()
	if err != nil {
		t.Fatal(err)
	}
	drift, err := rules.File(board.All(), rules.Windows{Drift: "5m"})
	if err != nil {
		t.Fatal(err)
	}
	server := promtest.Server(t, promtest.Stack(), promtest.Now, string(own), string(drift))
	got, err := valueOf(t, server.URL, `moodring:label_drift:psi{namespace="n",service="s",version="4"}`)
	if err != nil || got > 1e-6 {
		t.Errorf("got index %g, want 0: %v", got, err)
	}
}

// valueOf returns the absolute value of expr, which has one series.
func valueOf(t *testing.T, url, expr string) (float64, error) {
	t.Helper()
	vector, err := promtest.Dial(t, url).Vector(t.Context(), expr, end)
	if err != nil || len(vector) != 1 {
		return 0, fmt.Errorf("%s: %v, %w", expr, vector, err)
	}
	return math.Abs(float64(vector[0].Value)), nil
}

// TestCountByNumbers: what is no number does not spoil the counts.
func TestCountByNumbers(t *testing.T) {
	sample := func(label string, value float64) *model.Sample {
		return &model.Sample{Metric: model.Metric{"label": model.LabelValue(label)}, Value: model.SampleValue(value)}
	}
	got := CountBy(model.Vector{sample("a", 1), sample("a", math.NaN()), sample("b", math.Inf(1)), sample("a", 2)}, "label")
	if diff := cmp.Diff(map[string]float64{"a": 3}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestWarningsAndLineBreaks: a warning of Prometheus is in the comment, and neither the
// warning nor a label can end the comment.
func TestWarningsAndLineBreaks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"success","warnings":["a store\ngroups: [evil]"],"data":{"resultType":"vector","result":[{"metric":{"label":"joy","service":"s\ngroups: [evil]"},"value":[1,"500"]}]}}`)
	}))
	t.Cleanup(server.Close)
	d, err := Record(t.Context(), promtest.Dial(t, server.URL), Model{Name: "bert"}, Period{From: start, To: end})
	if err != nil {
		t.Fatal(err)
	}
	text, err := d.File()
	if first, _, _ := strings.Cut(string(text), "\n"); err != nil || !strings.Contains(first, "Prometheus warned that a store groups: [evil].") || strings.Contains(string(text), "\ngroups: [evil]") {
		t.Errorf("%v in\n%s", err, text)
	}
}
