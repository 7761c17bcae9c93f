package verify

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/prom"
	"github.com/moodring/moodring/dashgen/internal/promql"
	"github.com/moodring/moodring/dashgen/internal/promtest"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

var update = flag.Bool("update", false, "write testdata/shows.txt anew; read the difference before committing it")

// TestWhatIsShown: what each query of each board draws of promtest.Stack(),
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

func healthy(t testing.TB, all board.Set) prom.Client {
	t.Helper()
	text, err := rules.File(all, rules.Windows{Drift: window})
	if err != nil {
		t.Fatal(err)
	}
	return dial(t, promtest.Server(t, promtest.Stack(), promtest.Now, promtest.Baseline, string(text)).URL)
}

// show is a query and where it stands: as it is with everything chosen, and
// with one of each.
type show struct {
	place  string
	exprs  []string
	legend string
}

// one is what is chosen when not everything is: of some, one value; of others,
// those that have something to show.
var one = map[string]string{"gateway": `=~"a"`, "model": `="bert"`, "version": `=~"2|3|9"`, "label": `=~"joy|love|fear|obscene"`}

// shows are all queries of all.
func shows(all board.Set) []show {
	var list []show
	for _, b := range all.Boards {
		everything := b.Variables.AllSelected(window)
		chosen := promql.Values{Match: map[string]string{}, RateInterval: window}
		for _, c := range b.Variables {
			chosen.Match[c.Label] = one[c.Label]
		}
		both := func(text func(promql.Values) string) []string { return []string{text(everything), text(chosen)} }
		for i, choice := range b.Variables {
			texts := both(func(v promql.Values) string { return b.Variables.Text(i, v) })
			list = append(list, show{b.File + ": variable " + choice.Name(), texts, "{{" + choice.Label + "}}"})
		}
		for _, e := range b.Annotations {
			list = append(list, show{b.File + ": annotation " + e.Title, both(e.Query.Text), e.Text})
		}
		for _, o := range b.Panels() {
			for _, s := range o.Series {
				list = append(list, show{b.File + ": " + o.Title, both(s.Query.Text), s.Legend})
			}
		}
	}
	everywhere := promql.RuleValues(window, window)
	for _, r := range all.Recordings {
		list = append(list, show{"recording " + r.Name, []string{r.Query.Text(everywhere)}, legend(r.Labels)})
	}
	for _, a := range all.Alerts() {
		texts := []string{a.Expr.Text(everywhere), a.Expr.Measured().Text(everywhere)}
		list = append(list, show{"alert " + a.Name, texts[:1], legend(a.Expr.Labels())}, show{"measured by " + a.Name, texts[1:], legend(a.Expr.Labels())})
	}
	return list
}

// shown is a line for each series of each query.
func shown(t testing.TB, all board.Set) string {
	p := healthy(t, all)
	var out strings.Builder
	for _, s := range shows(all) {
		for i, expr := range s.exprs {
			place := s.place
			if i > 0 {
				place += ", one of each"
			}
			fmt.Fprintf(&out, "%s\n", place)
			for _, line := range drawn(t, p, expr, s.legend) {
				fmt.Fprintf(&out, "\t%s\n", line)
			}
		}
	}
	return out.String()
}

func (s show) lines(t testing.TB, p prom.Client) string {
	var all []string
	for _, expr := range s.exprs {
		all = append(all, drawn(t, p, expr, s.legend)...)
	}
	return strings.Join(all, "\n")
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
func drawn(t testing.TB, p prom.Client, expr, legend string) []string {
	t.Helper()
	lines, err := tryDraw(p, expr, legend)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func tryDraw(p prom.Client, expr, legend string) ([]string, error) {
	vector, err := p.Vector(context.Background(), expr, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	var lines []string
	for _, sample := range vector {
		name := legend
		for label, value := range sample.Metric {
			name = strings.ReplaceAll(name, "{{"+string(label)+"}}", string(value))
		}
		name = absent.ReplaceAllString(name, "")
		lines = append(lines, fmt.Sprintf("%s = %.6g", name, float64(sample.Value)))
	}
	slices.Sort(lines)
	return lines, nil
}

func dial(t testing.TB, address string) prom.Client {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	client, err := prom.Dial(prom.Server{URL: parsed, Flag: "--prometheus"})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
