package board

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

func TestAllIsValid(t *testing.T) {
	if err := All().Validate(); err != nil {
		t.Fatal(err)
	}
}

// TestBoardsStickToTheContract reads every query with Prometheus's parser, and does not
// rely on package promql.
func TestBoardsStickToTheContract(t *testing.T) {
	all := All()
	for _, b := range all.Boards {
		everything := b.Variables.AllSelected("5m")
		for i := range b.Variables {
			checkExpr(t, all, b.Variables.Text(i, everything))
		}
		for _, e := range b.Annotations {
			checkExpr(t, all, e.Query.Text(everything))
		}
		for _, o := range b.Panels() {
			for _, s := range o.Series {
				read := checkExpr(t, all, s.Query.Text(everything))
				if want := append(slices.Clone(s.Query.Metrics()), s.Query.Recorded()...); !slices.Equal(read, slices.Sorted(slices.Values(want))) {
					t.Errorf("panel %q reads %q, and its queries list %q", o.Title, read, want)
				}
			}
		}
	}
	for _, r := range all.Recordings {
		checkExpr(t, all, r.Query.Text(RuleValues()))
	}
	for _, a := range all.Alerts() {
		checkExpr(t, all, a.Text())
	}
}

// checkExpr checks the names and labels in expr, and returns the metrics.
func checkExpr(t *testing.T, all Set, expr string) []string {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Fatal(err)
	}
	var read, known, used []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			metric := metricOf(t, all, n.Name)
			labels := slices.Clone(metric.Labels)
			if strings.HasSuffix(n.Name, contract.SuffixBucket) {
				labels = append(labels, contract.LabelBucket)
			}
			read, known = append(read, metric.Name), append(known, labels...)
			for _, m := range n.LabelMatchers {
				if m.Name != "__name__" && !slices.Contains(labels, m.Name) {
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
			t.Errorf("grouped by %s, which no series has: %s", label, expr)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(read)))
}

// metricOf returns the metric of the contract, or the recording, that a series belongs
// to.
func metricOf(t *testing.T, all Set, name string) contract.Metric {
	t.Helper()
	for _, r := range slices.Concat(all.Recordings, all.Baselines, all.Others) {
		if r.Name == name {
			return contract.Metric{Name: name, Labels: r.Labels}
		}
	}
	for _, m := range contract.Metrics() {
		if m.Type != contract.Histogram && m.Name == name {
			return m
		}
		if suffix, ok := strings.CutPrefix(name, m.Name); ok && m.Type == contract.Histogram && slices.Contains(contract.Parts(), suffix) {
			return m
		}
	}
	t.Errorf("no metric of the contract has a series %s", name)
	return contract.Metric{}
}

func TestValidateRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Board)
		want   string
	}{
		{"bad uid", func(b *Board) { b.UID = "x" }, "uid of 8 to 40"},
		{"no description", func(b *Board) { b.Description = "" }, "needs a title, a description"},
		{"variable of no label", func(b *Board) { b.Variables[0].Label = "color" }, "has no label color"},
		{"variable without a title", func(b *Board) { b.Variables[0].Title = "" }, "needs a title"},
		{"title twice", func(b *Board) { first(b).Title = "Label mix" }, "another panel has the same title"},
		{"no question", func(b *Board) { first(b).Question = "" }, "a question"},
		{"no next step", func(b *Board) { first(b).Next = "" }, "a next step"},
		{"no query", func(b *Board) { first(b).Series = nil }, "needs a query"},
		{"empty query", func(b *Board) { first(b).Series[0].Query = promql.Query{} }, "no query"},
		{"unknown metric", func(b *Board) { first(b).Series[0].Query = promql.Select("up") }, "up is not in the contract"},
		{"no kind", func(b *Board) { first(b).Kind = Kind{} }, "kind.go"},
		{"unknown kind", func(b *Board) { first(b).Kind = Kind{Plugin: "piechart"} }, "kind.go"},
		{"no unit", func(b *Board) { first(b).Unit = Unit{} }, "unit.go"},
		{"unknown unit", func(b *Board) { first(b).Unit = Unit{ID: "apples"} }, "unit.go"},
		{"neither alert nor reason", func(b *Board) { first(b).NoAlert = "" }, "set either Alert, or NoAlert with the reason"},
		{"both alert and reason", func(b *Board) { first(b).Alert = alertOf(b) }, "set either Alert, or NoAlert with the reason"},
		{"alert without a length", func(b *Board) { alertOf(b).For = 0 }, "how long"},
		{"alert of nothing", func(b *Board) { alertOf(b).Expr = promql.Query{} }, "no query"},
		{"alert without steps", func(b *Board) { alertOf(b).Steps = nil }, "the steps to take"},
		{"alert that mixes series", func(b *Board) { alertOf(b).Summary = "it is unsure: LIMIT" }, `and its series have ["model" "namespace" "service"]`},
		{"annotation without a text", func(b *Board) { b.Annotations[0].Text = "" }, "a text and a colour"},
		{"annotation without a query", func(b *Board) { b.Annotations[0].Query = promql.Query{} }, "no query"},
		{"annotation that mixes series", func(b *Board) { b.Annotations[0].Text = "{{namespace}} {{service}} {{model}}" }, "lacks the label version"},
		{"dollar in the text", func(b *Board) { first(b).Next = "pay $gateway" }, "as a variable"},
		{"legend of no label", func(b *Board) { first(b).Series[0].Legend = "{{color}}" }, "no label color"},
		{"legend that mixes series", func(b *Board) { b.Rows[2].Panels[0].Series[0].Legend = "answers" }, "lacks the label label"},
		{"thresholds that fall", func(b *Board) { first(b).Thresholds = []Threshold{{}, {From: 0.5}, {From: 0.2}} }, "do not ascend"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			b := Overview()
			tc.change(&b)
			if err := b.Validate(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestSetRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Set)
		want   string
	}{
		{"metric without a panel", func(s *Set) { s.Boards = s.Boards[:3] }, "moodring_exporter_build_info: no panel shows it"},
		{"series without a recording rule", func(s *Set) { s.Recordings = s.Recordings[1:] }, "moodring:model:info: no rule records it"},
		{"recording without a reader", func(s *Set) {
			s.Recordings = append(s.Recordings, promql.Record("moodring:idle", promql.Select(contract.Replies), ""))
		}, "moodring:idle: no query reads it"},
		{"uid twice", func(s *Set) { s.Boards[1].UID = s.Boards[0].UID }, "uid moodring-overview is used twice"},
		{"file twice", func(s *Set) { s.Boards[1].File = s.Boards[0].File }, "file grafana-dashboard is used twice"},
		{"two alerts of one name", func(s *Set) { alertOf(&s.Boards[2]).Name = "MoodringConfidenceLow" }, "alert MoodringConfidenceLow is used twice"},
		{"data link to no board", func(s *Set) {
			s.Boards[0].Rows[0].Panels[1].Link = &DataLink{UID: "moodring-model", Labels: []string{"gateway-pod"}}
		}, "no board moodring-model has a variable gateway-pod"},
		{"board that is not valid", func(s *Set) { s.Boards[3].Title = "" }, "board grafana-exporter: board \"\": it needs a title"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := All()
			tc.change(&s)
			if err := s.Validate(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestAlertsStandOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range All().Alerts() {
		if seen[a.Name] {
			t.Errorf("%s is listed twice", a.Name)
		}
		seen[a.Name] = true
	}
	if len(seen) != 22 {
		t.Errorf("got %d alerts, want 22", len(seen))
	}
}

func first(b *Board) *Panel { return &b.Rows[0].Panels[0] }

func alertOf(b *Board) *Alert {
	for _, o := range b.Panels() {
		if o.Alert != nil {
			return o.Alert
		}
	}
	return &Alert{For: time.Minute}
}
