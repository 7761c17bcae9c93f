package lint

import (
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

func unknownMetric() rule {
	return rule{
		name: "unknown-metric",
		what: "Each metric called moodring is one of the contract or of the rules; with `--prometheus` or `--metrics`, each metric is there.",
		why:  "A metric that was renamed leaves an empty panel behind. docs/metrics.md lists the names.",
		check: func(d Dashboard, c Context, report func(place, message string)) {
			for _, q := range d.queries() {
				q.visit(func(s *parser.VectorSelector, _ []parser.Node) {
					series := name(s)
					_, inContract := known(series)
					_, isRecorded := recordedLabels(series)
					switch {
					case inContract || isRecorded:
					case strings.HasPrefix(series, "moodring") && c.kindFound(series) == "":
						report(q.place, fmt.Sprintf("asks for %s, which is not in the contract", series))
					case c.Types != nil && c.kindFound(series) == "" && !strings.Contains(series, ":") && series != "up" && series != "ALERTS":
						report(q.place, fmt.Sprintf("asks for %s, which is not there", series))
					}
				})
			}
		},
	}
}

// kindFound is the type that was found for a series, and not guessed.
func (c Context) kindFound(series string) string {
	for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(series, suffix); ok {
			if t, found := c.Types[base]; found {
				return string(t)
			}
		}
	}
	return ""
}
