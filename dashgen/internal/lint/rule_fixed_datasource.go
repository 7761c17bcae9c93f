package lint

import (
	"encoding/json"
	"fmt"
	"slices"
)

func fixedDatasource() rule {
	return rule{
		name: "fixed-datasource",
		rule: "Panels, queries, variables and annotations use the data source that a variable of the dashboard chooses.",
		why: "The uid of a data source differs between Grafanas: in another Grafana, the panel is empty. Replace the uid by `${datasource}`. " +
			"A file with `${DS_PROMETHEUS}` and no variable of this name only works in Grafana's import dialog: from provisioning, a sidecar or the HTTP API, each panel says that the data source was not found. " +
			"A panel without a data source uses Grafana's default data source, and ignores the variable.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			check := func(place string, source json.RawMessage) {
				if problem := d.checkReference(readReference(source)); problem != "" {
					report(place, problem)
				}
			}
			for _, p := range d.panels() {
				check(p.name(), p.Datasource)
				for _, t := range p.Targets {
					check(p.name(), t.Datasource)
				}
				if d.ignoresVariable(p) {
					report(p.name(), fmt.Sprintf("has no data source, and so ignores the variable: set its data source to ${%s}", d.datasourceVariables()[0]))
				}
			}
			for _, v := range d.Templating.List {
				check("variable "+v.Name, v.Datasource)
			}
			for _, a := range d.Annotations.List {
				check("annotation "+a.Name, a.Datasource)
			}
		},
	}
}

// checkReference returns the problem of a data source, or "".
func (d Dashboard) checkReference(r reference) string {
	name, isVariable := r.variable()
	switch {
	case r.UID == "" || r.isBuiltIn():
		return ""
	case isVariable && slices.Contains(d.datasourceVariables(), name):
		return ""
	case isVariable:
		return fmt.Sprintf("uses the data source %s, and no variable of the dashboard has this name: add a variable of type datasource, called %s", r.UID, name)
	}
	return fmt.Sprintf("uses the fixed data source %q: replace it by ${datasource}", r.UID)
}

// ignoresVariable reports whether neither a panel nor one of its queries names a
// data source, although a variable chooses one.
func (d Dashboard) ignoresVariable(p Panel) bool {
	names := func(source json.RawMessage) bool { return readReference(source) != (reference{}) }
	if !p.hasQueries() || len(p.Targets) == 0 || len(d.datasourceVariables()) == 0 || names(p.Datasource) {
		return false
	}
	return slices.ContainsFunc(p.Targets, func(t Target) bool { return !names(t.Datasource) })
}
