package lint

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
)

func rateOfAggregate() rule {
	return rule{
		name: "rate-of-aggregate",
		rule: "`rate`, `irate`, `increase` and `resets` are taken of each counter, before the counters are added up.",
		why:  "When one of the counters restarts, the sum falls. `rate` takes the fall for a restart of the whole sum, and the panel shows a peak that never was. Write `sum(rate(a_total[$__rate_interval]))`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, q := range d.queries() {
				q.visit(func(s *parser.VectorSelector, above []parser.Node) {
					if f := growthOfAggregate(above); f != "" {
						report(q.place, fmt.Sprintf("takes %s of an aggregate of %s: aggregate the %s instead", f, name(s), f))
					}
				})
			}
		},
	}
}

// growthFunctions are the functions that take a fall for a restart.
var growthFunctions = []string{"rate", "irate", "increase", "resets"}

// growthOfAggregate returns the growth function that is taken of an aggregate of a
// raw counter; "" without one.
func growthOfAggregate(above []parser.Node) string {
	isAggregated := false
	for _, node := range slices.Backward(above) {
		switch n := node.(type) {
		case *parser.AggregateExpr:
			isAggregated = true
		case *parser.Call:
			if !slices.Contains(growthFunctions, n.Func.Name) {
				continue
			}
			if isAggregated {
				return n.Func.Name
			}
			return "" // what is aggregated further out is a rate
		}
	}
	return ""
}
