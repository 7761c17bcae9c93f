package lint

func panelTitle() rule {
	return rule{
		name: "panel-title-description",
		rule: "Each panel has a title and a description.",
		why:  "The title names the subject of the panel. The description explains its purpose, and what to do if the panel looks bad.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, p := range d.panels() {
				if !p.hasQueries() {
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
