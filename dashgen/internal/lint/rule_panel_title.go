package lint

func panelTitle() rule {
	return rule{
		name: "panel-title-description",
		what: "Each panel has a title and a description.",
		why:  "The title says what is shown, the description what it is good for and what to do when it looks bad.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, p := range d.panels() {
				if !p.asks() {
					continue
				}
				if p.Title == "" {
					report(p.name(), "has no title")
				}
				if p.Description == "" {
					report(p.name(), "has no description")
				}
			}
		},
	}
}
