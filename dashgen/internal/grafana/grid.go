package grafana

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

// Sizes in cells of Grafana's grid, which is 24 columns wide.
const (
	columns       = 24
	perLine       = 3 // panels beside each other
	panelHeight   = 8
	headingHeight = 1
)

// place lays n panels out from y on, in lines that are full width and as even
// as can be: 5 panels as 3 and 2. It returns where each is, and the first y
// that is free below.
func place(n int, y uint32) ([]dashboard.GridPos, uint32) {
	var places []dashboard.GridPos
	lines := (n + perLine - 1) / perLine
	for ; lines > 0; lines-- {
		inLine := (n - len(places) + lines - 1) / lines
		width := uint32(columns / inLine)
		for i := range uint32(inLine) {
			places = append(places, dashboard.GridPos{X: i * width, Y: y, W: width, H: panelHeight})
		}
		y += panelHeight
	}
	return places, y
}
