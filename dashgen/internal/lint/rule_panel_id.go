package lint

import "fmt"

func panelID() rule {
	return rule{
		name: "panel-id",
		what: "Each panel has an id of its own.",
		why:  "Links to a panel and its alerts go by the id: of two panels with one id, they find either.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			seen := map[int]string{}
			for _, p := range d.panels() {
				if p.ID == 0 {
					continue // Grafana gives it one on import
				}
				if other, ok := seen[p.ID]; ok {
					report(p.name(), fmt.Sprintf("has the id %d, as has %s", p.ID, other))
				}
				seen[p.ID] = p.name()
			}
		},
	}
}
