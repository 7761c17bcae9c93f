package lint

import (
	"fmt"
	"strings"
)

func unknownVariable() rule {
	return rule{
		name: "unknown-variable",
		rule: "Each variable in a query is defined in the dashboard.",
		why:  "Grafana does not replace an unknown variable, and no series has a label with the text `$name`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			has := map[string]bool{}
			for _, v := range d.Templating.List {
				has[v.Name] = true
			}
			for _, q := range d.queries() {
				for _, reference := range variable.FindAllString(q.expr, -1) {
					if name := variableName(reference); !has[name] && !strings.HasPrefix(name, "__") && !isNumber(name) {
						report(q.place, fmt.Sprintf("uses the variable %s, which the dashboard does not define", reference))
					}
				}
			}
		},
	}
}

// isNumber reports whether a name is a group of label_replace, such as $1.
func isNumber(name string) bool { return strings.Trim(name, "0123456789") == "" }
