package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/contract"
)

func unknownLabel() rule {
	return rule{
		name: "unknown-label",
		what: "Queries of the contract's metrics match and group by labels that these have, or that scraping adds.",
		why:  "A matcher on a label that is not there matches nothing; a grouping by one puts all into one series. docs/metrics.md lists the labels.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, q := range d.queries() {
				q.visit(func(s *parser.VectorSelector, above []parser.Node) {
					labels, ok := labelsOf(name(s))
					if !ok {
						return
					}
					for _, label := range used(s, above) {
						if !slices.Contains(labels, label) && !slices.Contains(scraped(), label) {
							report(q.place, fmt.Sprintf("names the label %s, which %s does not have", label, name(s)))
						}
					}
				})
			}
		},
	}
}

func labelsOf(series string) ([]string, bool) {
	if labels, ok := recordedLabels(series); ok {
		return labels, true
	}
	m, ok := known(series)
	labels := slices.Clone(m.Labels)
	if strings.HasSuffix(series, "_bucket") {
		labels = append(labels, contract.LabelBucket)
	}
	return labels, ok
}

// used are the labels that a selector matches, and those of the nearest
// grouping above it: those further out may be of other series.
func used(s *parser.VectorSelector, above []parser.Node) []string {
	var labels []string
	for _, m := range s.LabelMatchers {
		labels = append(labels, m.Name)
	}
	for _, node := range slices.Backward(above) {
		switch n := node.(type) {
		case *parser.BinaryExpr:
			return labels
		case *parser.Call:
			if strings.HasPrefix(n.Func.Name, "label_") {
				return labels
			}
		case *parser.AggregateExpr:
			if !n.Without {
				labels = append(labels, n.Grouping...)
			}
			return labels
		}
	}
	return labels
}

// scraped are labels that Prometheus's usual configurations add.
func scraped() []string {
	return []string{"__name__", "job", "instance", "namespace", "pod", "service", "container", "node", "cluster", "app", "endpoint", "environment", "region"}
}
