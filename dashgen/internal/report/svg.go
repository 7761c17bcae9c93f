package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/moodring/moodring/dashgen/internal/board"
)

// The sizes of a chart, in pixels.
const (
	chartWidth  = 760
	chartHeight = 220
	left        = 52 // of the axis
	bottom      = 24
	top         = 8
	plotWidth   = chartWidth - left - 8
	plotHeight  = chartHeight - top - bottom
)

// drawing collects the elements of an SVG.
type drawing struct{ strings.Builder }

func (d *drawing) add(format string, arguments ...any) { fmt.Fprintf(d, format, arguments...) }

// text writes text at a place. Anchor is start, middle or end.
func (d *drawing) text(x, y float64, anchor, text string) {
	d.add(`<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(text))
}

// svg returns the drawing with a name for screen readers.
func (d *drawing) svg(width, height int, name string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">%s</svg>`, width, height, html.EscapeString(name), d)) //nolint:gosec // every text in it is escaped
}

// frame draws the axes: four lines with marks, and up to six times.
func (d *drawing) frame(m Mix, mark func(share float64) string) {
	for i := range 5 {
		share := float64(i) / 4
		y := yOf(share)
		d.add(`<path class="grid" d="M%d %.1fh%d"/>`, left, y, plotWidth)
		d.text(left-6, y+4, "end", mark(share))
	}
	for i := range m.Ends {
		if every := max(1, len(m.Ends)/5); i%every == 0 {
			d.text(m.x(i), chartHeight-6, "middle", clock(m.Ends[i], m.Step*time.Duration(len(m.Ends))))
		}
	}
}

func yOf(share float64) float64 { return top + plotHeight*(1-share) }

// x returns the place of the middle of a step.
func (m Mix) x(i int) float64 { return left + plotWidth*(float64(i)+0.5)/float64(len(m.Ends)) }

// clock writes a time for an axis over so long a span.
func clock(at time.Time, span time.Duration) string {
	switch {
	case span > 3*24*time.Hour:
		return at.UTC().Format("Jan 2")
	case span > 24*time.Hour:
		return at.UTC().Format("Jan 2 15:04")
	}
	return at.UTC().Format("15:04")
}

// MixChart draws the shares of the labels over time, the most frequent label at the
// bottom. A step without predictions is empty.
func (r Report) MixChart() template.HTML {
	var d drawing
	d.frame(r.Mix, func(share float64) string { return fmt.Sprintf("%.0f %%", share*100) })
	width := plotWidth / float64(len(r.Mix.Ends))
	below := make([]float64, len(r.Mix.Ends))
	for _, l := range r.Labels {
		var path strings.Builder
		for i, n := range r.Mix.Counts[l.Name] {
			total := r.Mix.total(i)
			if math.IsNaN(n) || n <= 0 || total <= 0 {
				continue
			}
			share := n / total
			fmt.Fprintf(&path, "M%.1f %.1fh%.1fv%.1fh%.1fz", r.Mix.x(i)-width/2, yOf(below[i]+share), width, plotHeight*share, -width)
			below[i] += share
		}
		d.add(`<path fill="%s" d="%s"><title>%s</title></path>`, board.LabelHex(l.Name), path.String(), html.EscapeString(l.Name))
	}
	return d.svg(chartWidth, chartHeight, "Shares of the labels over time; the table has their sums")
}

// total is the number of predictions in a step.
func (m Mix) total(step int) float64 {
	var all float64
	for _, values := range m.Counts {
		if step < len(values) && !math.IsNaN(values[step]) {
			all += values[step]
		}
	}
	return all
}

// PredictionsChart draws the number of predictions over time.
func (r Report) PredictionsChart() template.HTML {
	totals := make([]float64, len(r.Mix.Ends))
	for i := range totals {
		totals[i] = r.Mix.total(i)
	}
	most := roundUp(slices.Max(totals))
	var d drawing
	d.frame(r.Mix, func(share float64) string { return count(share * most) })
	width := plotWidth / float64(len(totals))
	for i, n := range totals {
		height := plotHeight * n / most
		d.add(`<rect class="plain" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, r.Mix.x(i)-width/2, top+plotHeight-height, math.Max(0.5, width-1), height)
	}
	return d.svg(chartWidth, chartHeight, "Predictions over time, in each "+length(r.Mix.Step))
}

// roundUp returns the end of an axis with four round steps: 4, 8, 12, 20, 40, 80 and so
// on.
func roundUp(n float64) float64 {
	for size := 4.0; ; size *= 10 {
		for _, factor := range []float64{1, 2, 3, 5} {
			if n <= size*factor {
				return size * factor
			}
		}
	}
}

// Chart draws the mean score over time, and the baseline as a dashed line.
func (c Confidence) Chart(m Mix) template.HTML {
	var d drawing
	d.frame(m, func(share float64) string { return fmt.Sprintf("%.2f", share) })
	if !math.IsNaN(c.Baseline) {
		d.add(`<path class="dashed" d="M%d %.1fh%d"><title>baseline</title></path>`, left, yOf(c.Baseline), plotWidth)
	}
	var path strings.Builder
	isDown := false // the pen
	for i, mean := range c.Over {
		if math.IsNaN(mean) {
			isDown = false
			continue
		}
		command := "M"
		if isDown {
			command = "L"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", command, m.x(i), yOf(mean))
		if !isDown { // a point without neighbours is seen too
			path.WriteString("h0.1")
		}
		isDown = true
	}
	d.add(`<path class="line" d="%s"/>`, path.String())
	return d.svg(chartWidth, chartHeight, fmt.Sprintf("Mean score over time; %.2f over the whole period", c.Mean))
}

// Histogram draws the number of predictions in each bucket of scores.
func (c Confidence) Histogram() template.HTML {
	var d drawing
	most := 0.0
	for _, b := range c.Buckets {
		most = math.Max(most, b.Count)
	}
	const high, step = 90.0, 96.0
	width := float64(chartWidth) / float64(max(len(c.Buckets), 1))
	for i, b := range c.Buckets {
		height := high * b.Count / math.Max(most, 1)
		x := width * float64(i)
		d.add(`<rect class="plain" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, x+2, step+8-height, width-4, height)
		d.text(x+width/2, step+24, "middle", b.Name())
	}
	return d.svg(chartWidth, int(step)+30, "Predictions by score")
}

// Name writes the upper bound of a bucket.
func (b Bucket) Name() string {
	if math.IsInf(b.UpTo, 1) {
		return "more"
	}
	return fmt.Sprintf("≤ %g", b.UpTo)
}

// Bar draws a share, and the expected share as a mark.
func (l Label) Bar() template.HTML {
	const width, height = 160, 12
	var d drawing
	d.add(`<rect class="track" width="%d" height="%d"/><rect fill="%s" width="%.1f" height="%d"/>`, width, height, board.LabelHex(l.Name), width*l.Share, height)
	name := percent(l.Share)
	if !math.IsNaN(l.Expected) {
		d.add(`<path class="mark" d="M%.1f 0v%d"/>`, math.Min(width-1, math.Max(1, width*l.Expected)), height)
		name += ", expected " + percent(l.Expected)
	}
	return d.svg(width, height, name)
}
