package lint

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
)

func job() rule {
	return rule{
		name:  "template-job",
		what:  "Where a dashboard asks for metrics that are not Moodring's, a variable `job` chooses whose, and each query matches it.",
		why:   "Any exporter may have a metric of that name. Moodring's own are told apart by `gateway`.",
		check: scopedBy("job"),
	}
}

// scopedBy checks that a variable narrows the queries of others' metrics.
func scopedBy(label string) func(d Dashboard, c Context, report func(place, message string)) {
	return func(d Dashboard, _ Context, report func(place, message string)) {
		hasVariable := slices.ContainsFunc(d.Templating.List, func(v Variable) bool { return v.Name == label })
		for _, q := range d.queries() {
			q.visit(func(s *parser.VectorSelector, _ []parser.Node) {
				_, ours := labelsOf(name(s))
				if ours {
					return
				}
				if !hasVariable {
					report("dashboard", fmt.Sprintf("no variable %s chooses whose metrics are shown", label))
				}
				if !matches(s, label) {
					report(q.place, fmt.Sprintf("asks for %s of every %s: match %s=~\"$%s\"", name(s), label, label, label))
				}
			})
		}
	}
}

func matches(s *parser.VectorSelector, label string) bool {
	for _, m := range s.LabelMatchers {
		if m.Name == label {
			return true
		}
	}
	return false
}
