package lint

import (
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
)

func unknownMetric() rule {
	return rule{
		name: "unknown-metric",
		rule: "Each metric whose name begins with moodring is in the contract or recorded by the rules. With `--prometheus` or `--metrics`, every other metric exists in that source.",
		why:  "A panel of a renamed metric is empty. docs/metrics.md lists the names.",
		check: func(d Dashboard, c Context, report func(place, message string)) {
			for _, q := range d.queries() {
				q.visit(func(s *parser.VectorSelector, _ []parser.Node) {
					series := name(s)
					_, inContract := known(series)
					_, isRecorded := recordedLabels(series)
					switch {
					case inContract || isRecorded:
					case strings.HasPrefix(series, "moodring") && !c.hasMetric(series):
						report(q.place, fmt.Sprintf("queries %s, which is not in the contract", series))
					case c.Types != nil && !c.hasMetric(series) && !strings.Contains(series, ":") && series != "up" && series != "ALERTS":
						report(q.place, fmt.Sprintf("queries %s, which the source does not have", series))
					}
				})
			}
		},
	}
}

// hasMetric reports whether the source of c has the metric of a series.
func (c Context) hasMetric(series string) bool {
	metric, _, _ := contract.CutPart(series)
	return c.Types[series] != "" || c.Types[metric] != ""
}
