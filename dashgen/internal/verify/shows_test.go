package verify

import (
	"context"
	"flag"
	"fmt"
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

var update = flag.Bool("update", false, "rewrite testdata/shows.txt; read the difference before committing it")

// TestShownSeries compares the series that each query of the dashboards and rules
// returns from promtest.Stack(), by the names in the legends.
func TestShownSeries(t *testing.T) {
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
	return promtest.Dial(t, promtest.Server(t, promtest.Stack(), promtest.Now, promtest.Baseline, string(text)).URL)
}

// shownQuery is a query and its place. exprs has the query with all values of the
// variables selected, and with the values in selected.
type shownQuery struct {
	place  string
	exprs  []string
	legend string
}

// selected has a selection of each variable: the fewest values with which every
// panel has series.
var selected = map[string]string{"gateway": `=~"a"`, "namespace": `="n"`, "service": `="s"`, "model": `="bert"`, "version": `=~"2|3|9"`, "label": `=~"joy|love|fear|obscene"`}

// shownQueries returns all queries of dashboards and rules.
func shownQueries(all board.Set) []shownQuery {
	var list []shownQuery
	for _, b := range all.Boards {
		everything := b.Variables.AllSelected(window)
		chosen := promql.Values{Match: map[string]string{}, RateInterval: window, Smoothing: window, Range: "1h"}
		for _, c := range b.Variables {
			chosen.Match[c.Label] = selected[c.Label]
		}
		both := func(text func(promql.Values) string) []string { return []string{text(everything), text(chosen)} }
		for i, choice := range b.Variables {
			texts := both(func(v promql.Values) string { return b.Variables.Text(i, v) })
			list = append(list, shownQuery{b.File + ": variable " + choice.Name(), texts, "{{" + choice.Label + "}}"})
		}
		for _, e := range b.Annotations {
			list = append(list, shownQuery{b.File + ": annotation " + e.Title, both(e.Query.Text), e.Text})
		}
		for _, o := range b.Panels() {
			for _, s := range o.Series {
				list = append(list, shownQuery{b.File + ": " + o.Title, both(s.Query.Text), s.Legend})
			}
		}
	}
	everywhere := promql.RuleValues(window, window)
	for _, r := range all.Recordings {
		list = append(list, shownQuery{"recording " + r.Name, []string{r.Query.Text(everywhere)}, legend(r.Labels)})
	}
	for _, a := range all.Alerts() {
		texts := []string{a.Expr.Text(everywhere), a.Expr.Measured().Text(everywhere)}
		list = append(list, shownQuery{"alert " + a.Name, texts[:1], legend(a.Expr.Labels())}, shownQuery{"measured by " + a.Name, texts[1:], legend(a.Expr.Labels())})
	}
	return list
}

// shown returns a line for each series of each query.
func shown(t testing.TB, all board.Set) string {
	p := healthy(t, all)
	var out strings.Builder
	for _, s := range shownQueries(all) {
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

func (s shownQuery) lines(t testing.TB, p prom.Client) string {
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

// absent matches a label in the legend that the series lacks.
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
