package lint

func variableRefresh() rule {
	return rule{
		name: "template-on-time-change-reload",
		what: "A variable that asks Prometheus asks again when the time range changes (`refresh: 2`).",
		why:  "What was there last week is not what is there now: the choice would be of another time than the panels.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, v := range d.Templating.List {
				if v.Type == "query" && string(v.Refresh) != "2" {
					report("variable "+v.Name, "does not ask again when the time range changes: set refresh to 2")
				}
			}
		},
	}
}
