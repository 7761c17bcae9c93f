package lint

import "fmt"

func refID() rule {
	return rule{
		name: "target-ref-id",
		rule: "The queries of a panel have different `refId`s.",
		why:  "Grafana keeps one result for each `refId`: overrides, transformations and alerts find the wrong query, and one of the two lines can be missing.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, p := range d.panels() {
				seen := map[string]bool{}
				for _, t := range p.Targets {
					if t.RefID != "" && seen[t.RefID] {
						report(p.name(), fmt.Sprintf("has two queries with the refId %s", t.RefID))
					}
					seen[t.RefID] = true
				}
			}
		},
	}
}
