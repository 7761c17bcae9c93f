// Package lint finds what is wrong with a dashboard before anyone looks at it:
// ours and others'. Each rule has a file and a test of its own, and a section in
// docs/lint.md.
package lint

import (
	"fmt"
	"strings"

	"github.com/moodring/moodring/contract"
)

// Problem is what a rule has against a place in a dashboard.
type Problem struct {
	Rule    string `json:"rule"`
	Place   string `json:"place"`
	Message string `json:"message"`
}

// Context is what is known beside the dashboard itself.
type Context struct {
	// Types are the types of metrics, from a Prometheus or an exporter's page;
	// nil when nobody was asked.
	Types map[string]contract.Type
}

// rule is one thing that should hold.
type rule struct {
	name string
	what string // what it wants
	why  string // what goes wrong otherwise, and what to do
	// check reports each problem, with the place it is in.
	check func(d Dashboard, c Context, report func(place, message string))
}

// rules are all of them, in the order of docs/lint.md.
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

// Check returns what all rules but those left out have against d.
func Check(d Dashboard, c Context, without map[string]bool) []Problem {
	var problems []Problem
	for _, r := range rules() {
		if without[r.name] {
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
	out.WriteString("# What dashgen lint looks for\n\n")
	out.WriteString("<!-- Written by `dashgen lint --rules > docs/lint.md`; do not edit. -->\n\n")
	out.WriteString("`dashgen lint FILE...` reads any classic Grafana dashboard. `--prometheus URL` or `--metrics URL` lets it know the types of the metrics there; ")
	out.WriteString("`--without RULE,RULE` leaves rules out. The exit status is 1 when there is a problem.\n")
	for _, r := range rules() {
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n%s\n", r.name, r.what, r.why)
	}
	return out.String()
}
