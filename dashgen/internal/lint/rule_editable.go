package lint

func editable() rule {
	return rule{
		name: "uneditable-dashboard",
		what: "A dashboard that is kept in files says `editable: false`.",
		why:  "What someone changes by hand is lost with the next import. Grafana still lets them make it editable, or save a copy.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			if d.Editable == nil || *d.Editable {
				report("dashboard", "is editable: set editable to false")
			}
		},
	}
}
