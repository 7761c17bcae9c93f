package lint

import "fmt"

// columns is the width of Grafana's grid.
const columns = 24

func overlap() rule {
	return rule{
		name: "panel-overlap",
		rule: "Panels do not overlap, and they fit into the 24 columns.",
		why:  "Grafana moves such panels when it draws them, and each version does so differently.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			placed := onGrid(d.Panels)
			for i, p := range placed {
				if g := *p.GridPos; g.X < 0 || g.W < 1 || g.H < 1 || g.X+g.W > columns {
					report(p.name(), fmt.Sprintf("is outside the grid: x %v, width %v of %d columns, height %v", g.X, g.W, columns, g.H))
				}
				for _, other := range placed[:i] {
					if p.GridPos.overlaps(*other.GridPos) {
						report(p.name(), "overlaps "+other.name())
					}
				}
			}
		},
	}
}

// onGrid returns the panels that are on the grid at the same time. Panels in a
// collapsed row are left out. Grafana ignores the width of a row, and draws it over
// the full width. It also chooses the place of a panel without a size.
func onGrid(panels []Panel) []Panel {
	var all []Panel
	for _, p := range panels {
		if p.GridPos == nil || *p.GridPos == (Grid{}) || p.Type == "row" && p.GridPos.W < 1 {
			continue
		}
		all = append(all, p)
	}
	return all
}

func (g Grid) overlaps(other Grid) bool {
	return g.X < other.X+other.W && other.X < g.X+g.W && g.Y < other.Y+other.H && other.Y < g.Y+g.H
}
