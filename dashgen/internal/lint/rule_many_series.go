package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
)

func manySeries() rule {
	return rule{
		name: "too-many-series",
		rule: "A panel aggregates metrics with many series.",
		why: "Buckets of a histogram, and metrics with a series for each label of a model, have hundreds of series. They cannot be told apart, " +
			"and each series costs time in Prometheus and in the browser. `dashgen verify` counts the series on a live Prometheus.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, q := range d.queries() {
				if !q.isPanel {
					continue
				}
				q.visit(func(s *parser.VectorSelector, above []parser.Node) {
					if hasManySeries(name(s)) && !aggregated(above) && !pinned(s) && !filters(s, above) {
						report(q.place, fmt.Sprintf("draws every series of %s: aggregate them, as with sum by (model)", name(s)))
					}
				})
			}
		},
	}
}

// manyLabels is the number of labels from which a metric of the contract has too
// many series to draw.
const manyLabels = 3

func hasManySeries(series string) bool {
	labels, ok := labelsOf(series)
	if _, isRecorded := recordedLabels(series); isRecorded {
		return false // a panel shows them for one model at a time
	}
	return strings.HasSuffix(series, contract.SuffixBucket) || ok && len(labels) >= manyLabels
}

func aggregated(above []parser.Node) bool {
	return slices.ContainsFunc(above, func(node parser.Node) bool {
		_, ok := node.(*parser.AggregateExpr)
		return ok
	})
}

// filters reports whether a selector is on the right of "and" or "unless": its
// series are not drawn, but choose the series to draw.
func filters(s parser.Node, above []parser.Node) bool {
	path := append(slices.Clone(above), s)
	for i, node := range above {
		n, ok := node.(*parser.BinaryExpr)
		if ok && (n.Op == parser.LAND || n.Op == parser.LUNLESS) && n.RHS == path[i+1] {
			return true
		}
	}
	return false
}

// pinned reports whether a selector fixes the values of all labels but two.
func pinned(s *parser.VectorSelector) bool {
	exact := 0
	for _, m := range s.LabelMatchers {
		if m.Type.String() == "=" && m.Name != "__name__" {
			exact++
		}
	}
	labels, ok := labelsOf(name(s))
	return ok && len(labels)-exact < manyLabels
}
