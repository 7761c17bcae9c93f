package grafana

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

// Sizes in cells of Grafana's grid, which has 24 columns.
const (
	columns       = 24
	perLine       = 3 // panels side by side
	panelHeight   = 8
	headingHeight = 1
)

// layout places n panels below y, in lines of the full width and of nearly equal
// length: 5 panels as 3 and 2. It returns the positions and the first free y.
func layout(n int, y uint32) ([]dashboard.GridPos, uint32) {
	var positions []dashboard.GridPos
	lines := (n + perLine - 1) / perLine
	for ; lines > 0; lines-- {
		inLine := (n - len(positions) + lines - 1) / lines
		width := uint32(columns / inLine)
		for i := range uint32(inLine) {
			positions = append(positions, dashboard.GridPos{X: i * width, Y: y, W: width, H: panelHeight})
		}
		y += panelHeight
	}
	return positions, y
}
