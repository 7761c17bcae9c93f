package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/prom"
)

// TestMutants breaks every query in every way below, one at a time, and checks
// that the broken query returns other series from promtest.Stack(), so that
// TestShownSeries would fail. If a broken query returns the same series, no test
// covers the broken part.
func TestMutants(t *testing.T) {
	p := healthy(t, board.All())
	caught, total := 0, 0
	for _, s := range shownQueries(board.All()) {
		want := s.lines(t, p)
		for _, m := range s.mutants(t) {
			total++
			if got, err := m.try(p); err != nil || got != want {
				caught++
				continue
			}
			t.Errorf("%s: %s: no test fails:\n%s", s.place, m.change, strings.Join(m.exprs, "\n"))
		}
	}
	t.Logf("%d of %d broken queries caught", caught, total)
}

// mutant is a query that is broken in one way.
type mutant struct {
	shownQuery
	change string
}

// try returns the series of the mutant. An error also means that it is caught.
func (m mutant) try(p prom.Client) (string, error) {
	var all []string
	for _, expr := range m.exprs {
		lines, err := tryDraw(p, expr, m.legend)
		if err != nil {
			return "", err
		}
		all = append(all, lines...)
	}
	return strings.Join(all, "\n"), nil
}

// mutants breaks each expression of s at the same place.
func (s shownQuery) mutants(t *testing.T) []mutant {
	t.Helper()
	var all []mutant
	for i, expr := range s.exprs {
		for j, m := range breakings(t, expr) {
			if i == 0 {
				all = append(all, mutant{shownQuery{s.place, nil, s.legend}, m.change})
			}
			all[j].exprs = append(all[j].exprs, m.expr)
		}
	}
	return all
}

type breaking struct{ change, expr string }

// breakings breaks expr in all ways.
func breakings(t *testing.T, expr string) []breaking {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Fatal(err)
	}
	var all []breaking
	// change applies one change to the tree, prints the tree, and undoes the change.
	change := func(description string, apply, undo func()) {
		apply()
		all = append(all, breaking{description, parsed.String()})
		undo()
	}
	breakScope(parsed, change)
	alone := !hasSets(parsed)
	parser.Inspect(parsed, func(node parser.Node, above []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			breakSelector(n, alone, grouping(above), change)
		case *parser.MatrixSelector:
			was := n.Range
			change("double the range", func() { n.Range *= 2 }, func() { n.Range = was })
		case *parser.AggregateExpr:
			breakAggregate(n, change)
		case *parser.Call:
			breakCall(n, change)
		case *parser.BinaryExpr:
			breakBinary(n, change)
		case *parser.StringLiteral:
			was := n.Val
			change("change the text "+was, func() { n.Val = was + "_changed" }, func() { n.Val = was })
		case *parser.NumberLiteral:
			was := n.Val
			change(fmt.Sprintf("change the number %g", was), func() { n.Val = was*1.5 + 1 }, func() { n.Val = was })
		}
		return nil
	})
	return all
}

type changer func(description string, apply, undo func())

// hasSets reports whether a query has a set operator (and, or, unless). In such a
// query, matchers on one side also narrow the other side.
func hasSets(expr parser.Expr) bool {
	found := false
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if n, ok := node.(*parser.BinaryExpr); ok && n.Op.IsSetOperator() {
			found = true
		}
		return nil
	})
	return found
}

// breakScope removes the matchers of one dashboard variable from a query.
func breakScope(expr parser.Expr, change changer) {
	var selectors []*parser.VectorSelector
	matched := map[string]bool{}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if n, ok := node.(*parser.VectorSelector); ok {
			selectors = append(selectors, n)
			for _, m := range n.LabelMatchers {
				matched[m.Name] = matched[m.Name] || isScope(m)
			}
		}
		return nil
	})
	for _, label := range slices.Sorted(maps.Keys(matched)) {
		if !matched[label] {
			continue
		}
		was := map[*parser.VectorSelector][]*labels.Matcher{}
		change("forget the variable "+label, func() {
			for _, s := range selectors {
				was[s] = s.LabelMatchers
				s.LabelMatchers = slices.DeleteFunc(slices.Clone(s.LabelMatchers), func(m *labels.Matcher) bool { return m.Name == label })
			}
		}, func() {
			for _, s := range selectors {
				s.LabelMatchers = was[s]
			}
		})
	}
}

// isScope reports whether a matcher is that of a dashboard variable.
func isScope(m *labels.Matcher) bool {
	return m.Type == labels.MatchRegexp || m.Type == labels.MatchEqual && selected[m.Name] == fmt.Sprintf("=%q", m.Value)
}

// grouping returns the labels of the nearest aggregation. If a query divides by a
// series with the same grouping, the grouping narrows that series too.
func grouping(above []parser.Node) []string {
	for _, node := range slices.Backward(above) {
		if n, ok := node.(*parser.AggregateExpr); ok {
			return n.Grouping
		}
	}
	return nil
}

func breakSelector(n *parser.VectorSelector, alone bool, grouped []string, change changer) {
	was := n.LabelMatchers
	for i, m := range was {
		if m.Name == model.MetricNameLabel {
			name := n.Name
			change("rename "+name, func() { n.Name = name + "_renamed"; n.LabelMatchers = without(was, i) }, func() { n.Name = name; n.LabelMatchers = was })
			continue
		}
		if isScope(m) && (!alone || slices.Contains(grouped, m.Name)) {
			continue
		}
		change("drop the matcher "+m.String(), func() { n.LabelMatchers = without(was, i) }, func() { n.LabelMatchers = was })
		renamed := labels.MustNewMatcher(labels.MatchEqual, m.Name+"_renamed", "x")
		change("rename the label of "+m.String(), func() { n.LabelMatchers = append(without(was, i), renamed) }, func() { n.LabelMatchers = was })
	}
	if offset := n.OriginalOffset; offset != 0 {
		change("drop the offset", func() { n.OriginalOffset = 0 }, func() { n.OriginalOffset = offset })
	}
}

func without[T any](all []T, i int) []T { return slices.Delete(slices.Clone(all), i, i+1) }

func breakAggregate(n *parser.AggregateExpr, change changer) {
	op := n.Op
	of, _ := n.Expr.(*parser.VectorSelector)
	countsOnes := of != nil && strings.HasSuffix(of.Name, ":info") && op == parser.COUNT
	for _, other := range []parser.ItemType{parser.SUM, parser.MAX, parser.MIN, parser.COUNT} {
		if other == op || op == parser.GROUP && other != parser.COUNT || countsOnes && other == parser.SUM {
			continue
		}
		change(fmt.Sprintf("%s for %s", other, op), func() { n.Op = other }, func() { n.Op = op })
	}
	was := n.Grouping
	for i, label := range was {
		change("drop the grouping by "+label, func() { n.Grouping = without(was, i) }, func() { n.Grouping = was })
		change("rename the grouping by "+label, func() { n.Grouping = append(without(was, i), label+"_renamed") }, func() { n.Grouping = was })
	}
}

// otherFunction has a function of the same type for each function.
var otherFunction = map[string]string{
	"rate": "resets", "increase": "resets", "resets": "rate", "clamp_min": "clamp_max", "ln": "log10", "log2": "ln", "sqrt": "exp", "abs": "sqrt",
}

func breakCall(n *parser.Call, change changer) {
	was := n.Func
	if other, ok := otherFunction[was.Name]; ok {
		change(other+" for "+was.Name, func() { n.Func = parser.Functions[other] }, func() { n.Func = was })
	}
}

func breakBinary(n *parser.BinaryExpr, change changer) {
	op := n.Op
	others := map[parser.ItemType]parser.ItemType{
		parser.ADD: parser.SUB, parser.SUB: parser.ADD, parser.MUL: parser.DIV, parser.DIV: parser.MUL,
		parser.GTR: parser.LSS, parser.LSS: parser.GTR, parser.LAND: parser.LUNLESS, parser.LUNLESS: parser.LAND, parser.LOR: parser.LAND,
	}
	if n.VectorMatching == nil || len(n.VectorMatching.Include) == 0 { // a product that copies labels multiplies by 1
		change(fmt.Sprintf("%s for %s", others[op], op), func() { n.Op = others[op] }, func() { n.Op = op })
	}
	if n.VectorMatching == nil {
		return
	}
	copied := n.VectorMatching.Include
	for i, label := range copied {
		change("do not copy the label "+label, func() { n.VectorMatching.Include = without(copied, i) }, func() { n.VectorMatching.Include = copied })
	}
	was := n.VectorMatching.MatchingLabels
	for i, label := range was {
		change("rename the match on "+label, func() { n.VectorMatching.MatchingLabels = append(without(was, i), label+"_renamed") },
			func() { n.VectorMatching.MatchingLabels = was })
	}
}
