package board

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/query"
)

func TestOverviewIsValid(t *testing.T) {
	if err := Overview().Validate(); err != nil {
		t.Fatal(err)
	}
}

// TestOverviewSticksToTheContract reads every query as Prometheus will, not as
// package query believes to have written it.
func TestOverviewSticksToTheContract(t *testing.T) {
	b := Overview()
	for _, v := range b.Variables {
		checkExpr(t, v.Choice.Text(query.Everything("5m")))
	}
	for _, o := range b.Observables() {
		for _, s := range o.Series {
			read := checkExpr(t, s.Query.Text(query.Everything("5m")))
			if !slices.Equal(read, s.Query.Metrics()) {
				t.Errorf("panel %q reads %q and says it reads %q", o.Title, read, s.Query.Metrics())
			}
		}
		if o.Alert != nil {
			checkExpr(t, o.Alert.Text())
		}
	}
}

// checkExpr checks names and labels of expr, and returns the metrics it reads.
func checkExpr(t *testing.T, expr string) []string {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Fatal(err)
	}
	var read, known, used []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			metric := series(t, n.Name)
			read, known = append(read, metric.Name), append(known, metric.Labels...)
			if metric.Type == contract.Histogram {
				known = append(known, contract.LabelBucket)
			}
			for _, m := range n.LabelMatchers {
				if m.Name != "__name__" && !slices.Contains(metric.Labels, m.Name) {
					t.Errorf("%s has no label %s: %s", metric.Name, m.Name, expr)
				}
			}
		case *parser.AggregateExpr:
			used = append(used, n.Grouping...)
		}
		return nil
	})
	for _, label := range used {
		if !slices.Contains(known, label) {
			t.Errorf("grouped by %s, which no series of it has: %s", label, expr)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(read)))
}

// series finds the metric of the contract that a series belongs to.
func series(t *testing.T, name string) contract.Metric {
	t.Helper()
	for _, m := range contract.Metrics() {
		if m.Type != contract.Histogram && m.Name == name {
			return m
		}
		if suffix, ok := strings.CutPrefix(name, m.Name); ok && m.Type == contract.Histogram && slices.Contains([]string{"_bucket", "_count", "_sum"}, suffix) {
			return m
		}
	}
	t.Errorf("no metric of the contract has a series %s", name)
	return contract.Metric{}
}

func TestValidateRefuses(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*Board)
		want  string
	}{
		{"bad uid", func(b *Board) { b.UID = "x" }, "uid of 8 to 40"},
		{"no description", func(b *Board) { b.Description = "" }, "needs a title, a description"},
		{"metric neither shown nor excused", func(b *Board) { b.Unused = b.Unused[1:] }, "moodring_prediction_margin: it is either shown"},
		{"excuse for a shown metric", func(b *Board) { b.Unused = append(b.Unused, Unused{contract.Replies, "why"}) }, "moodring_replies_total: it is either shown"},
		{"excuse for no metric", func(b *Board) { b.Unused = append(b.Unused, Unused{"gone", "why"}) }, "gone: listed as unused"},
		{"variable of no label", func(b *Board) { b.Variables[0].Choice.Label = "color" }, "has no label color"},
		{"variable without a title", func(b *Board) { b.Variables[0].Title = "" }, "needs a title"},
		{"title twice", func(b *Board) { first(b).Title = "Label mix" }, "stands twice"},
		{"no question", func(b *Board) { first(b).Question = "" }, "a question"},
		{"no next step", func(b *Board) { first(b).Next = "" }, "what to do next"},
		{"no query", func(b *Board) { first(b).Series = nil }, "needs a query"},
		{"empty query", func(b *Board) { first(b).Series[0].Query = query.Query{} }, "no query"},
		{"unknown metric", func(b *Board) { first(b).Series[0].Query = query.Select("up") }, "up is not in the contract"},
		{"unknown kind", func(b *Board) { first(b).Kind = "pie" }, "unknown kind"},
		{"unknown unit", func(b *Board) { first(b).Unit = "apples" }, "unknown unit"},
		{"neither alert nor reason", func(b *Board) { first(b).NoAlert = "" }, "an alert or a reason"},
		{"both alert and reason", func(b *Board) { first(b).Alert = alertOf(b) }, "an alert or a reason"},
		{"alert without a length", func(b *Board) { alertOf(b).For = 0 }, "how long"},
		{"alert of nothing", func(b *Board) { alertOf(b).When = query.Query{} }, "no query"},
		{"dollar in the text", func(b *Board) { first(b).Next = "pay $gateway" }, "for a variable"},
		{"legend of no label", func(b *Board) { first(b).Series[0].Legend = "{{label}} {{color}}" }, "no label color"},
		{"legend that mixes series", func(b *Board) { first(b).Series[0].Legend = "answers" }, "tell series of different label apart"},
		{"thresholds that fall", func(b *Board) { first(b).Thresholds = []Threshold{{}, {From: 0.5}, {From: 0.2}} }, "do not ascend"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			b := Overview()
			tc.spoil(&b)
			if err := b.Validate(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func first(b *Board) *Observable { return &b.Rows[0].Observables[0] }

func alertOf(b *Board) *Alert {
	for _, o := range b.Observables() {
		if o.Alert != nil {
			return o.Alert
		}
	}
	return &Alert{For: time.Minute}
}
