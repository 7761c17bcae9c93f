package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
)

func rawCounter() rule {
	return rule{
		name: "target-counter-agg",
		rule: "A panel over time shows the growth of a counter, by `rate`, `irate` or `increase`, and not the counter itself.",
		why: "A counter only rises, and falls to 0 when its process restarts. Its value says nothing about the present. A total belongs in a panel with a single value. " +
			"lint takes a metric whose name is a single word for a counter: by Prometheus's naming practices other metrics have a prefix and a unit, while the plugin's `plainCounters` have neither.",
		check: func(d Dashboard, c Context, report func(place, message string)) {
			for _, q := range d.queries() {
				if !q.overTime {
					continue
				}
				q.visit(func(s *parser.VectorSelector, above []parser.Node) {
					if c.isCounter(name(s)) && !slices.Contains(counterFunctions, function(above)) {
						report(q.place, fmt.Sprintf("draws the counter %s raw: put it in rate(...[$__rate_interval])", name(s)))
					}
				})
			}
		},
	}
}

func (c Context) isCounter(series string) bool {
	kind := c.kind(series)
	return kind == contract.Counter || kind == "" && !strings.ContainsAny(series, "_:") && series != "up" && series != "ALERTS"
}
