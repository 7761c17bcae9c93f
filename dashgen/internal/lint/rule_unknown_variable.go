package lint

import (
	"fmt"
	"strings"
)

func unknownVariable() rule {
	return rule{
		name: "unknown-variable",
		what: "Each variable that a query names is one of the dashboard's.",
		why:  "Grafana leaves an unknown one as it is written, and no series has a label of that value.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			has := map[string]bool{}
			for _, v := range d.Templating.List {
				has[v.Name] = true
			}
			for _, q := range d.queries() {
				for _, reference := range variable.FindAllString(q.expr, -1) {
					if name := variableName(reference); !has[name] && !strings.HasPrefix(name, "__") && !isNumber(name) {
						report(q.place, fmt.Sprintf("names the variable %s, which the dashboard lacks", reference))
					}
				}
			}
		},
	}
}

// isNumber tells the groups of label_replace, as $1, from variables.
func isNumber(name string) bool { return strings.Trim(name, "0123456789") == "" }
