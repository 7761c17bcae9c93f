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
		rule: "Queries of the contract's metrics only match, and group by, labels of these metrics or labels that scraping adds.",
		why:  "A matcher on an unknown label matches nothing, and a grouping by an unknown label puts all into one series. docs/metrics.md lists the labels.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, q := range d.queries() {
				q.visit(func(s *parser.VectorSelector, above []parser.Node) {
					labels, ok := labelsOf(name(s))
					if !ok || strings.HasPrefix(name(s), "ALERTS") {
						return // an alert has the labels that its rule gives it
					}
					for _, label := range usedLabels(s, above) {
						if !slices.Contains(labels, label) && !isScrapeLabel(label) {
							report(q.place, fmt.Sprintf("uses the label %s, which %s does not have", label, name(s)))
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
	if strings.HasSuffix(series, contract.SuffixBucket) {
		labels = append(labels, contract.LabelBucket)
	}
	return labels, ok
}

// usedLabels returns the labels that a selector matches, and the labels of the
// nearest grouping around it. Groupings further out can be of other series.
func usedLabels(s *parser.VectorSelector, above []parser.Node) []string {
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

// isScrapeLabel reports whether usual configurations of Prometheus add a label.
func isScrapeLabel(label string) bool {
	return strings.HasPrefix(label, "exported_") || strings.HasPrefix(label, "prometheus") || slices.Contains([]string{
		"__name__", "job", "instance", "namespace", "pod", "service", "container", "node", "cluster", "app", "endpoint",
		"environment", "env", "stage", "region", "zone", "datacenter", "dc", "site", "team", "tenant", "replica",
	}, label)
}
