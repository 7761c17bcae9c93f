package baseline

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promtest"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

var (
	end   = time.Unix(0, 0).Add(promtest.Now)
	start = end.Add(-time.Hour)
)

func TestRecord(t *testing.T) {
	client := promtest.Dial(t, promtest.Server(t, promtest.Stack(), promtest.Now).URL)
	tests := []struct {
		name, model, version string
		want                 Distribution
	}{
		{"all versions, no confidence", "calm", "", Distribution{Model: "calm", Counts: map[string]float64{"x": 9040, "y": 1380}, Confidence: math.NaN()}},
		{"one version", "bert", "6", Distribution{Model: "bert", Counts: map[string]float64{"joy": 480}, Confidence: 0.7}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Record(t.Context(), client, tc.model, tc.version, start, end)
			if err != nil {
				t.Fatal(err)
			}
			tc.want.Source = "from 1970-01-01T00:10:00Z to 1970-01-01T01:10:00Z"
			near := cmp.Comparer(func(a, b float64) bool { return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 0.01*a })
			if diff := cmp.Diff(tc.want, got, near); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRecordRefuses(t *testing.T) {
	url := promtest.Server(t, promtest.Stack(), promtest.Now).URL
	for name, tc := range map[string]struct{ url, want string }{
		"unknown model": {url, `has no moodring_predictions_total of a model "nobody"`},
		"no Prometheus": {"http://127.0.0.1:1", "asking Prometheus at http://127.0.0.1:1: "},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Record(t.Context(), promtest.Dial(t, tc.url), "nobody", "", start, end); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestCount(t *testing.T) {
	counted, err := Count("bert", "c.txt", strings.NewReader("i am glad; really;joy\n\ni am sad;sadness\nwhat a day ; joy \n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]float64{"joy": 2, "sadness": 1}, counted.Counts); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, bad := range []string{"i am glad\n", "i am glad;\n"} {
		_, err := Count("bert", "c.txt", strings.NewReader("a;b\n"+bad))
		if err == nil || err.Error() != "corpus c.txt, line 2: no label; write text;label" {
			t.Errorf("%q: got error %v", bad, err)
		}
	}
}

func TestFile(t *testing.T) {
	got, err := Distribution{Model: "bert", Counts: map[string]float64{"joy": 150, "true: \"x\"": 50, "gone": 0}, Confidence: 0.9, Source: "from a test"}.File()
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
	_, err := Distribution{Model: "bert", Counts: map[string]float64{"joy": 99}}.File()
	if err == nil || !strings.Contains(err.Error(), "99 predictions are too few") {
		t.Errorf("got error %v", err)
	}
}

// TestRoundTrip checks that a steady model has not drifted from a baseline of its
// own last hour.
func TestRoundTrip(t *testing.T) {
	client := promtest.Dial(t, promtest.Server(t, promtest.Stack(), promtest.Now).URL)
	recorded, err := Record(t.Context(), client, "bert", "4", start, end)
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
	got, err := valueOf(t, server.URL, `moodring:label_drift:psi{version="4"}`)
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
