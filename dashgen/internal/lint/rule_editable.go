package lint

func editable() rule {
	return rule{
		name: "uneditable-dashboard",
		rule: "A dashboard that is kept in a file has `editable: false`.",
		why:  "The next import overwrites changes by hand. In Grafana, users can still make the dashboard editable, or save a copy.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			if d.Editable == nil || *d.Editable {
				report("dashboard", "is editable: set editable to false")
			}
		},
	}
}
