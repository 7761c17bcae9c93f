package verify

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promtest"
	"github.com/moodring/moodring/dashgen/internal/query"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

var update = flag.Bool("update", false, "write testdata/shows.txt anew; read the difference before committing it")

// TestWhatIsShown: what each query of each board draws of promtest.Healthy,
// each series by the name in its legend, and what the rules measure.
func TestWhatIsShown(t *testing.T) {
	got := shown(t, board.All())
	const golden = "testdata/shows.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

const window = "5m"

func healthy(t testing.TB, all board.Set) Prometheus {
	t.Helper()
	text, err := rules.File(all, rules.Windows{Drift: window})
	if err != nil {
		t.Fatal(err)
	}
	return dial(t, promtest.Server(t, promtest.Healthy, promtest.Now, promtest.Baseline, string(text)).URL)
}

// shown is a line for each series of each query.
func shown(t testing.TB, all board.Set) string {
	p := healthy(t, all)
	var out strings.Builder
	show := func(place, expr, legend string) {
		fmt.Fprintf(&out, "%s\n", place)
		for _, line := range drawn(t, p, expr, legend) {
			fmt.Fprintf(&out, "\t%s\n", line)
		}
	}
	for _, b := range all.Boards {
		v := b.Scope().Everything(window)
		for i, choice := range b.Scope() {
			show(b.File+": variable "+choice.Label, b.Scope().Text(i, v), "{{"+choice.Label+"}}")
		}
		for _, e := range b.Events {
			show(b.File+": annotation "+e.Title, e.When.Text(v), e.Text)
		}
		for _, o := range b.Observables() {
			for _, s := range o.Series {
				show(b.File+": "+o.Title, s.Query.Text(v), s.Legend)
			}
		}
	}
	everywhere := query.Everywhere(window, window)
	for _, r := range all.Recordings {
		show("recording "+r.Name, r.Query.Text(everywhere), legend(r.Labels))
	}
	for _, a := range all.Alerts() {
		show("alert "+a.Name, a.When.Text(everywhere), legend(a.When.Labels()))
		show("measured by "+a.Name, a.When.Measured().Text(everywhere), legend(a.When.Labels()))
	}
	return out.String()
}

func legend(labels []string) string {
	var parts []string
	for _, label := range labels {
		parts = append(parts, "{{"+label+"}}")
	}
	return strings.Join(parts, " ")
}

// absent is a label that the series does not have.
var absent = regexp.MustCompile(`{{.*?}}`)

// drawn returns a line for each series: its name by the legend, and its value.
func drawn(t testing.TB, p Prometheus, expr, legend string) []string {
	t.Helper()
	var lines []string
	for _, sample := range instant(t, p, expr) {
		name := legend
		for label, value := range sample.Metric {
			name = strings.ReplaceAll(name, "{{"+string(label)+"}}", string(value))
		}
		name = absent.ReplaceAllString(name, "")
		lines = append(lines, fmt.Sprintf("%s = %.6g", name, float64(sample.Value)))
	}
	slices.Sort(lines)
	return lines
}

func instant(t testing.TB, p Prometheus, expr string) model.Vector {
	t.Helper()
	value, _, _, err := p.api.Query(t.Context(), expr, time.Time{})
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return value.(model.Vector)
}

func dial(t testing.TB, url string) Prometheus {
	t.Helper()
	prometheus, err := Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	return prometheus
}
