package lint

func datasourceVariable() rule {
	return rule{
		name: "template-datasource",
		rule: "A variable of type datasource chooses the data source.",
		why:  "Without the variable, a dashboard only works in the Grafana in which it was made. Name the variable `datasource`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			if len(d.queries()) > 0 && len(d.datasourceVariables()) == 0 {
				report("dashboard", "no variable chooses the data source: add one of type datasource, called datasource")
			}
		},
	}
}
