package lint

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
)

func rateOfGauge() rule {
	return rule{
		name: "rate-of-gauge",
		what: "`rate`, `irate`, `increase` and `resets` are of counters.",
		why:  "They take every fall for a restart, so that a gauge that swings seems to grow for ever. `deriv` and `delta` are for gauges.",
		check: func(d Dashboard, c Context, report func(place, message string)) {
			for _, q := range d.queries() {
				q.visit(func(s *parser.VectorSelector, above []parser.Node) {
					f := function(above)
					if c.kind(name(s)) == contract.Gauge && slices.Contains([]string{"rate", "irate", "increase", "resets"}, f) {
						report(q.place, fmt.Sprintf("takes %s of %s, which is a gauge", f, name(s)))
					}
				})
			}
		},
	}
}
