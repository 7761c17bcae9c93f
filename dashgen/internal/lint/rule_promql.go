package lint

func promQL() rule {
	return rule{
		name: "target-promql",
		what: "Each query is PromQL that Prometheus can parse.",
		why:  "A query that does not parse shows an error in the panel's corner, and nothing else.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, q := range d.queries() {
				if q.err != nil {
					report(q.place, q.err.Error()+": "+q.expr)
				}
			}
		},
	}
}
