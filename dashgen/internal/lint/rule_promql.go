package lint

func promQL() rule {
	return rule{
		name: "target-promql",
		rule: "Each query is valid PromQL.",
		why:  "A panel with an invalid query shows nothing but an error in its corner.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, q := range d.queries() {
				if q.err != nil {
					report(q.place, q.err.Error()+": "+q.expr)
				}
			}
		},
	}
}
