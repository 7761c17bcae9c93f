// Package lint finds problems in Grafana dashboards, whoever wrote them. Each
// rule has its own file, its own test, and a section in docs/lint.md.
package lint

import (
	"fmt"
	"slices"
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
	// checkAll reports problems between several files; nil if the rule has none.
	checkAll func(all []File, report func(file int, place, message string))
}

// File is a dashboard and the name of its file.
type File struct {
	Name string
	Dashboard
}

// rules returns all rules in the order of docs/lint.md.
func rules() []rule {
	return []rule{
		dashboardUID(), timeRange(), editable(),
		datasourceVariable(), fixedDatasource(),
		panelTitle(), panelUnit(), unitMismatch(), panelQuery(), refID(), overlap(), panelID(), deprecatedPanel(),
		promQL(), unknownVariable(), rawCounter(), rateOfGauge(), rateOfAggregate(), quantileBuckets(), rateRange(),
		unknownMetric(), unknownLabel(), manySeries(),
		job(), instance(), variableQuery(), variableRefresh(), variableTwice(), variableCircle(), multiValue(),
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
	return CheckAll([]File{{Dashboard: d}}, c, disabled)[0]
}

// CheckAll returns the problems of each file, and those between the files, by all
// rules that are not disabled.
func CheckAll(files []File, c Context, disabled map[string]bool) [][]Problem {
	problems := make([][]Problem, len(files))
	add := func(file int, found Problem) {
		if !slices.Contains(problems[file], found) {
			problems[file] = append(problems[file], found)
		}
	}
	for _, r := range rules() {
		if disabled[r.name] {
			continue
		}
		for i, file := range files {
			r.check(file.Dashboard, c, func(place, message string) { add(i, Problem{r.name, place, message}) })
		}
		if r.checkAll != nil {
			r.checkAll(files, func(file int, place, message string) { add(file, Problem{r.name, place, message}) })
		}
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
