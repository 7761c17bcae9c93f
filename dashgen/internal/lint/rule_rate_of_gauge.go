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
		rule: "`rate`, `irate`, `increase` and `resets` are only used on counters.",
		why:  "These functions take every fall for a restart, so a gauge that goes up and down seems to grow for ever. Use `deriv` or `delta` for gauges.",
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
