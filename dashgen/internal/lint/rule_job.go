package lint

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
)

func job() rule {
	return rule{
		name:  "template-job",
		rule:  "If a dashboard shows metrics that are not Moodring's, a variable `job` chooses the job, and each query matches the variable.",
		why:   "Other exporters can have metrics of the same names. Moodring's own metrics have the label `gateway` for that.",
		check: scopedBy("job"),
	}
}

// scopedBy returns a check that a variable narrows the queries of metrics that
// are not Moodring's.
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
					report("dashboard", fmt.Sprintf("no variable %s chooses the source of the metrics", label))
				}
				if !matches(s, label) {
					report(q.place, fmt.Sprintf("queries %s of every %s: match %s=~\"$%s\"", name(s), label, label, label))
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
