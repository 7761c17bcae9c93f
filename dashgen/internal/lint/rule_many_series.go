package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

func manySeries() rule {
	return rule{
		name: "too-many-series",
		what: "What has a series for each of many things is added up before it is drawn.",
		why: "Buckets of a histogram, and metrics with a label for each of a model's answers, have hundreds of series: none can be told from another, " +
			"and each costs Prometheus and the browser. `dashgen verify` counts them on a live Prometheus.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, q := range d.queries() {
				if !q.panel {
					continue
				}
				q.visit(func(s *parser.VectorSelector, above []parser.Node) {
					if many(name(s)) && !aggregated(above) && !pinned(s) && !filters(s, above) {
						report(q.place, fmt.Sprintf("draws every series of %s: add them up by what matters", name(s)))
					}
				})
			}
		},
	}
}

// manyLabels is how many labels make a metric of the contract too many series
// to draw.
const manyLabels = 3

func many(series string) bool {
	labels, ok := labelsOf(series)
	if _, isRecorded := recordedLabels(series); isRecorded {
		return false // they are for one model at a time
	}
	return strings.HasSuffix(series, "_bucket") || ok && len(labels) >= manyLabels
}

func aggregated(above []parser.Node) bool {
	return slices.ContainsFunc(above, func(node parser.Node) bool {
		_, ok := node.(*parser.AggregateExpr)
		return ok
	})
}

// filters tells whether a selector stands behind and, or unless, where it
// decides what is drawn and is not drawn itself.
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

// pinned tells whether a selector asks for one value of all but two labels.
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
