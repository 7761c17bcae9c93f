package grafana

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

// Sizes in cells of Grafana's grid, which has 24 columns.
const (
	columns       = 24
	perLine       = 3 // panels side by side
	panelHeight   = 8
	headingHeight = 1
	lowPerLine    = 6
	lowHeight     = 4
)

// layout places n panels below y, in lines of the full width and of nearly equal
// length: 5 panels as 3 and 2. It returns the positions and the first free y.
func layout(n int, y uint32, low bool) ([]dashboard.GridPos, uint32) {
	var positions []dashboard.GridPos
	most, height := perLine, uint32(panelHeight)
	if low {
		most, height = lowPerLine, lowHeight
	}
	lines := (n + most - 1) / most
	for ; lines > 0; lines-- {
		inLine := (n - len(positions) + lines - 1) / lines
		width := uint32(columns / inLine)
		for i := range uint32(inLine) {
			positions = append(positions, dashboard.GridPos{X: i * width, Y: y, W: width, H: height})
		}
		y += height
	}
	return positions, y
}
