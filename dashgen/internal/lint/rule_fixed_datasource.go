package lint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

func fixedDatasource() rule {
	return rule{
		name: "fixed-datasource",
		what: "Panels, queries, variables and annotations ask the data source that the variable chooses.",
		why:  "A data source's uid is made up by one Grafana: in every other the panel is empty. Put `${datasource}` in its place.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			check := func(place string, source json.RawMessage) {
				if id := uid(source); id != "" && !d.chosen(id) {
					report(place, fmt.Sprintf("asks the fixed data source %q: put ${datasource} in its place", id))
				}
			}
			for _, p := range d.panels() {
				check(p.name(), p.Datasource)
				for _, t := range p.Targets {
					check(p.name(), t.Datasource)
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

// chosen tells whether a uid is a variable's, or one of Grafana's own.
func (d Dashboard) chosen(uid string) bool {
	if strings.HasPrefix(uid, "-- ") || uid == "grafana" || uid == "__expr__" {
		return true
	}
	groups := variable.FindStringSubmatch(uid)
	return groups != nil && (slices.Contains(d.sources(), variableName(uid)) || strings.HasPrefix(uid, "${DS_"))
}
