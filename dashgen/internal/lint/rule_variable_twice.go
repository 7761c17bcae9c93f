package lint

func variableTwice() rule {
	return rule{
		name: "template-twice",
		rule: "Each variable is defined once.",
		why:  "Of two variables with one name, Grafana uses one, and versions differ in their choice.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			seen := map[string]bool{}
			for _, v := range d.Templating.List {
				if seen[v.Name] {
					report("variable "+v.Name, "is defined twice")
				}
				seen[v.Name] = true
			}
		},
	}
}
