package lint

func panelQuery() rule {
	return rule{
		name: "panel-no-targets",
		what: "Each panel that shows answers has a query.",
		why:  "A panel without one says No data for ever.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, p := range d.panels() {
				if p.asks() && len(p.Targets) == 0 {
					report(p.name(), "has no query")
				}
			}
		},
	}
}
