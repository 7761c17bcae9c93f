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
		what: "A counter that is drawn over time is drawn as what it grows by: `rate`, `irate` or `increase`.",
		why: "A raw counter only climbs, falls to 0 when its process restarts, and says nothing of now. A total belongs in a panel of one value. " +
			"A name of one word is taken for a counter: Prometheus's own practices give every other metric a prefix and a unit, and the plugin's `plainCounters` are so named.",
		check: func(d Dashboard, c Context, report func(place, message string)) {
			for _, q := range d.queries() {
				if !q.overTime {
					continue
				}
				q.visit(func(s *parser.VectorSelector, above []parser.Node) {
					if c.counts(name(s)) && !slices.Contains(growth, function(above)) {
						report(q.place, fmt.Sprintf("draws the counter %s raw: put it in rate(...[$__rate_interval])", name(s)))
					}
				})
			}
		},
	}
}

func (c Context) counts(series string) bool {
	kind := c.kind(series)
	return kind == contract.Counter || kind == "" && !strings.ContainsAny(series, "_:") && series != "up" && series != "ALERTS"
}
