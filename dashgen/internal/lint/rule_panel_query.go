package lint

import "slices"

func panelQuery() rule {
	return rule{
		name: "panel-no-targets",
		rule: "Each panel that shows query results has a query that is not hidden.",
		why:  "A panel without such a query always shows `No data`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, p := range d.panels() {
				switch {
				case !p.hasQueries():
				case len(p.Targets) == 0:
					report(p.name(), "has no query")
				case !slices.ContainsFunc(p.Targets, func(t Target) bool { return !t.Hide }):
					report(p.name(), "has only hidden queries: set hide to false for one, or remove the panel")
				}
			}
		},
	}
}
