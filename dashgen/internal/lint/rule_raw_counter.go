package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
)

func rawCounter() rule {
	return rule{
		name: "target-counter-agg",
		rule: "A panel over time shows the growth of a counter, by `rate`, `irate` or `increase`, and not the counter itself.",
		why: "A counter only rises, and falls to 0 when its process restarts. Its value says nothing about the present. A total belongs in a panel with a single value. " +
			"Without a source of types, lint takes a metric for a counter if it ends in `_total` or `_bucket`, if it is the `_count` or `_sum` of a metric whose other parts the dashboard queries too, or if it is a label of the demo's model, which the plugin's `plainCounters` counts under its bare name.",
		check: func(d Dashboard, c Context, report func(place, message string)) {
			queried := d.metrics()
			for _, q := range d.queries() {
				if !q.overTime {
					continue
				}
				q.visit(func(s *parser.VectorSelector, above []parser.Node) {
					if c.isCounter(name(s), queried) && !slices.Contains(counterFunctions, function(above)) && !onlyCounted(above) && !filters(s, above) && !isDifference(s, above) {
						report(q.place, fmt.Sprintf("draws the counter %s raw: put it in rate(...[$__rate_interval])", name(s)))
					}
				})
			}
		},
	}
}

// isCounter reports whether a series is a counter. queried are all metrics of the
// dashboard.
func (c Context) isCounter(series string, queried map[string]bool) bool {
	if kind := c.kind(series); kind != "" {
		return kind == contract.Counter
	}
	if slices.Contains(board.DemoLabels(), series) {
		return c.Types == nil
	}
	for _, part := range []string{contract.SuffixCount, contract.SuffixSum} {
		if metric, ok := strings.CutSuffix(series, part); ok && hasOtherPart(metric, part, queried) {
			return true
		}
	}
	return false
}

// hasOtherPart reports whether another part of a histogram is queried too.
func hasOtherPart(metric, part string, queried map[string]bool) bool {
	return slices.ContainsFunc(contract.Parts(), func(other string) bool { return other != part && queried[metric+other] })
}

// metrics returns the names of all metrics in the dashboard's queries.
func (d Dashboard) metrics() map[string]bool {
	names := map[string]bool{}
	for _, q := range d.queries() {
		q.visit(func(s *parser.VectorSelector, _ []parser.Node) { names[name(s)] = true })
	}
	return names
}

// onlyCounted reports whether the nearest aggregation counts series, or lists
// their labels, and so ignores their values.
func onlyCounted(above []parser.Node) bool {
	for _, node := range slices.Backward(above) {
		if n, ok := node.(*parser.AggregateExpr); ok {
			return n.Op == parser.COUNT || n.Op == parser.GROUP
		}
	}
	return false
}

// isDifference reports whether a counter is subtracted from itself at another time: the
// difference is its growth.
func isDifference(s *parser.VectorSelector, above []parser.Node) bool {
	return slices.ContainsFunc(above, func(node parser.Node) bool {
		n, ok := node.(*parser.BinaryExpr)
		return ok && n.Op == parser.SUB && onlyMetric(n.LHS) == name(s) && onlyMetric(n.RHS) == name(s) && offset(n.LHS) != offset(n.RHS)
	})
}

// offset returns the offset of the last selector of an expression.
func offset(expr parser.Expr) (found time.Duration) {
	query{parsed: expr}.visit(func(s *parser.VectorSelector, _ []parser.Node) { found = s.OriginalOffset })
	return found
}
