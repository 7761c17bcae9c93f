package lint

func panelQuery() rule {
	return rule{
		name: "panel-no-targets",
		rule: "Each panel that shows query results has a query.",
		why:  "A panel without a query always shows `No data`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, p := range d.panels() {
				if p.hasQueries() && len(p.Targets) == 0 {
					report(p.name(), "has no query")
				}
			}
		},
	}
}
