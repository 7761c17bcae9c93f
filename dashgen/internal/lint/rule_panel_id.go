package lint

import "fmt"

func panelID() rule {
	return rule{
		name: "panel-id",
		rule: "Each panel has a unique id.",
		why:  "Links to a panel, and its alerts, use the id: if two panels have the same id, a link can open either.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			seen := map[int]string{}
			for _, p := range d.panels() {
				if p.ID == 0 {
					continue // Grafana sets an id on import
				}
				if other, ok := seen[p.ID]; ok {
					report(p.name(), fmt.Sprintf("has the id %d, as has %s", p.ID, other))
				}
				seen[p.ID] = p.name()
			}
		},
	}
}
