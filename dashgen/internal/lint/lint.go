// Package lint finds problems in Grafana dashboards, whoever wrote them. Each
// rule has its own file, its own test, and a section in docs/lint.md.
package lint

import (
	"fmt"
	"strings"

	"github.com/moodring/moodring/contract"
)

// Problem is a place in a dashboard that breaks a rule.
type Problem struct {
	Rule    string `json:"rule"`
	Place   string `json:"place"`
	Message string `json:"message"`
}

// Context is knowledge from outside the dashboard.
type Context struct {
	// Types are the types of metrics, from a Prometheus or an exporter's page.
	// Types is nil if the user named neither.
	Types map[string]contract.Type
}

// rule is a rule for dashboards.
type rule struct {
	name string
	rule string
	why  string // the effect of breaking the rule, and the remedy
	// check reports each problem and its place.
	check func(d Dashboard, c Context, report func(place, message string))
}

// rules returns all rules in the order of docs/lint.md.
func rules() []rule {
	return []rule{
		datasourceVariable(), fixedDatasource(),
		panelTitle(), panelUnit(), panelQuery(), overlap(), panelID(),
		promQL(), unknownVariable(), rawCounter(), rateOfGauge(), rateRange(),
		unknownMetric(), unknownLabel(), manySeries(),
		job(), instance(), variableQuery(), variableRefresh(), editable(),
	}
}

// Names returns the names of all rules.
func Names() []string {
	var names []string
	for _, r := range rules() {
		names = append(names, r.name)
	}
	return names
}

// Check returns the problems in d by all rules that are not disabled.
func Check(d Dashboard, c Context, disabled map[string]bool) []Problem {
	var problems []Problem
	for _, r := range rules() {
		if disabled[r.name] {
			continue
		}
		seen := map[string]bool{}
		r.check(d, c, func(place, message string) {
			if !seen[place+message] {
				problems = append(problems, Problem{r.name, place, message})
			}
			seen[place+message] = true
		})
	}
	return problems
}

// Document returns docs/lint.md.
func Document() string {
	var out strings.Builder
	out.WriteString("# Rules of dashgen lint\n\n")
	out.WriteString("<!-- Written by `dashgen lint --rules > docs/lint.md`; do not edit. -->\n\n")
	out.WriteString("`dashgen lint FILE...` reads any classic Grafana dashboard. It reads the types of metrics from a Prometheus with `--prometheus URL`, or from an exporter with `--metrics URL`. ")
	out.WriteString("`--without RULE,RULE` disables rules. The exit status is 1 if there is a problem.\n")
	for _, r := range rules() {
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n%s\n", r.name, r.rule, r.why)
	}
	return out.String()
}
