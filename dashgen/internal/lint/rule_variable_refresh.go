package lint

func variableRefresh() rule {
	return rule{
		name: "template-on-time-change-reload",
		rule: "A variable with a query reloads its values when the time range changes (`refresh: 2`).",
		why:  "The values of last week differ from those of today: without a reload, the variable offers the values of another time than the panels show.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, v := range d.Templating.List {
				if v.Type == "query" && string(v.Refresh) != "2" {
					report("variable "+v.Name, "does not reload when the time range changes: set refresh to 2")
				}
			}
		},
	}
}
