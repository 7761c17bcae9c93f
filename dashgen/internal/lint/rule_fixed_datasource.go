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
		rule: "Panels, queries, variables and annotations use the data source that the variable chooses.",
		why:  "The uid of a data source differs between Grafanas: in another Grafana, the panel is empty. Replace the uid by `${datasource}`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			check := func(place string, source json.RawMessage) {
				if id := datasourceUID(source); id != "" && !d.isVariable(id) {
					report(place, fmt.Sprintf("uses the fixed data source %q: replace it by ${datasource}", id))
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

// isVariable reports whether a uid is a variable, or a data source that is built
// into Grafana.
func (d Dashboard) isVariable(uid string) bool {
	if strings.HasPrefix(uid, "-- ") || uid == "grafana" || uid == "__expr__" {
		return true
	}
	groups := variable.FindStringSubmatch(uid)
	return groups != nil && (slices.Contains(d.datasourceVariables(), variableName(uid)) || strings.HasPrefix(uid, "${DS_"))
}
