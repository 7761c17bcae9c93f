package lint

import "fmt"

// columns is how wide Grafana's grid is.
const columns = 24

func overlap() rule {
	return rule{
		name: "panel-overlap",
		what: "No two panels lie on each other, and none outside the 24 columns.",
		why:  "Grafana moves such panels about when it draws them, each version in its own way.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			placed := placed(d.Panels)
			for i, p := range placed {
				if g := *p.GridPos; g.X < 0 || g.W < 1 || g.H < 1 || g.X+g.W > columns {
					report(p.name(), fmt.Sprintf("is outside the grid: x %d, width %d of %d columns, height %d", g.X, g.W, columns, g.H))
				}
				for _, other := range placed[:i] {
					if p.GridPos.meets(*other.GridPos) {
						report(p.name(), "lies on "+other.name())
					}
				}
			}
		},
	}
}

// placed are the panels that are on the grid at the same time: those in a
// collapsed row are not.
func placed(panels []Panel) []Panel {
	var all []Panel
	for _, p := range panels {
		if p.GridPos != nil {
			all = append(all, p)
		}
	}
	return all
}

func (g Grid) meets(other Grid) bool {
	return g.X < other.X+other.W && other.X < g.X+g.W && g.Y < other.Y+other.H && other.Y < g.Y+g.H
}
