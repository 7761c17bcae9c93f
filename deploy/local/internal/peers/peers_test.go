package peers

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/deploy/local/internal/load"
)

func TestBalance(t *testing.T) {
	before := balance{load.Bounds{Low: load.Tally{"joy": 5}, High: load.Tally{"joy": 6}}, load.Tally{"joy": 5}}
	for name, test := range map[string]struct {
		after balance
		want  loss
	}{
		"exact":    {balance{load.Bounds{Low: load.Tally{"joy": 8}, High: load.Tally{"joy": 10}}, load.Tally{"joy": 9}}, loss{Sent: 3}},
		"lost":     {balance{load.Bounds{Low: load.Tally{"joy": 8, "fear": 2}, High: load.Tally{"joy": 9, "fear": 2}}, load.Tally{"joy": 7}}, loss{Sent: 5, Lost: 3}},
		"too many": {balance{load.Bounds{Low: load.Tally{"joy": 8}, High: load.Tally{"joy": 9}}, load.Tally{"joy": 10, "fear": 1}}, loss{Sent: 3, Doubled: 3}},
	} {
		if got := test.after.since(before); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

// The first value of a series is no growth, as in PromQL's increase.
func TestGrown(t *testing.T) {
	r := &rig{peer: all()[buffering]}
	got := r.grown(model.Matrix{series("joy", 3, 5, 2), series("fear", 7)})
	if diff := cmp.Diff(load.Tally{"joy": 4, "fear": 0}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func series(name string, values ...model.SampleValue) *model.SampleStream {
	s := &model.SampleStream{Metric: model.Metric{model.MetricNameLabel: model.LabelValue(name)}}
	for _, value := range values {
		s.Values = append(s.Values, model.SamplePair{Value: value})
	}
	return s
}

// A day of one counter and one gauge is written in blocks.
func TestWriteDay(t *testing.T) {
	still, err := writeDay(t.Context(), t.TempDir(), model.Matrix{series("constant", 1, 1)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	busy, err := writeDay(t.Context(), t.TempDir(), model.Matrix{series("constant", 1, 1), series("counter", 1000, 1300)}, 300)
	if err != nil {
		t.Fatal(err)
	}
	if still < 1000 || busy < still+float64(scrapesPerDay) || busy > still+10*float64(scrapesPerDay) {
		t.Errorf("a constant takes %.0f bytes a day, with a counter %.0f", still, busy)
	}
}

func TestGenerator(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	counter := newGenerator(series("counter", 10, 12, 20), 2, random)
	var last float64
	for range 1000 {
		last = counter.next()
	}
	if last < 18_000 || last > 22_000 { // a growth of 20 in each scrape
		t.Errorf("after 1000 scrapes: %v", last)
	}
	gauge := newGenerator(series("gauge", 3, 2, 3), 2, random)
	for range 10 {
		if value := gauge.next(); value != 2 && value != 3 {
			t.Errorf("the gauge becomes %v", value)
		}
	}
}

func TestText(t *testing.T) {
	for shown, want := range map[string]bool{
		load.Text: true, "Ada_Lovelace_of_St_James_s_Square_is_happy{} 1": true, "joy": false,
	} {
		if text.MatchString(shown) != want {
			t.Errorf("%s: found is not %v", shown, want)
		}
	}
}

func TestEnvoyVersion(t *testing.T) {
	if got := envoyVersion("\n/opt/tools/envoy  version: 4e1f3b/1.40.0/Clean/RELEASE/BoringSSL\n"); got != "1.40.0" {
		t.Errorf("the version is %s, want 1.40.0", got)
	}
}

var update = flag.Bool("update", false, "write the golden file")

func TestReport(t *testing.T) {
	losses := func(l loss) []loss { l.Fault = "gateway killed"; return []loss{l} }
	delays := []time.Duration{1100 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond}
	rounds := func(gateway, others time.Duration) []cost {
		return []cost{{gateway, others}, {gateway + time.Microsecond, others}, {gateway - time.Microsecond, others}}
	}
	page := Report{Command: "make bench-peers", Environment: Environment{
		Processor: "a processor", Cores: 2, Kernel: "6.1", Envoy: "1.40.0", Go: "go1.26", Prometheus: "v0.315.1", Moodring: "0.1.0",
	}, Result: Result{
		{Name: "Moodring", Rounds: rounds(67*time.Microsecond, time.Microsecond), stored: stored{100, 2e6, 0}, Delays: delays, Losses: losses(loss{Sent: 100, Lost: 7})},
		{Name: "buffering filter", Rounds: rounds(90*time.Microsecond, 0), stored: stored{500, 4e6, 0}, Delays: delays, Personal: personal{0, true}, Losses: losses(loss{Sent: 100, Lost: 1, Doubled: 2})},
		{Name: "payload logging", Rounds: rounds(60*time.Microsecond, 200*time.Microsecond), stored: stored{8, 6e9, 5.9e9}, Delays: delays, Personal: personal{600, true}, Losses: losses(loss{Sent: 100})},
	}}
	const golden = "testdata/report.md"
	var got bytes.Buffer
	if err := page.Write(&got); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
