package lint

func datasourceVariable() rule {
	return rule{
		name: "template-datasource",
		what: "A variable of type datasource chooses where the dashboard asks.",
		why:  "Without one a dashboard works in the Grafana it was made in. Name it `datasource`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			if len(d.queries()) > 0 && len(d.sources()) == 0 {
				report("dashboard", "no variable chooses the data source: add one of type datasource, called datasource")
			}
		},
	}
}
