package grafana

import (
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"

	"github.com/moodring/moodring/dashgen/internal/board"
)

// panelPlugins has, by the panel plugin's id, a panel's options and the custom
// part of its field configuration. They are JSON text: see RATIONALE.md, "Why are
// the options of panels JSON text?".
var panelPlugins = map[string]func(p board.Panel) (options, custom any){
	"timeseries": func(p board.Panel) (any, any) { return json.RawMessage(timeSeriesOptions), timeSeriesFields(p) },
	"heatmap":    func(p board.Panel) (any, any) { return heatmapOptions(p), json.RawMessage("{}") },
	"state-timeline": func(board.Panel) (any, any) {
		return json.RawMessage(stateTimelineOptions), json.RawMessage(stateTimelineFields)
	},
	"bargauge": func(board.Panel) (any, any) { return json.RawMessage(barGaugeOptions), nil },
	"stat":     func(board.Panel) (any, any) { return json.RawMessage(statOptions), nil },
	"table":    func(board.Panel) (any, any) { return json.RawMessage(tableOptions), nil },
}

const timeSeriesOptions = `{
  "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": ["lastNotNull"]},
  "tooltip": {"mode": "multi", "sort": "desc"}
}`

func timeSeriesFields(p board.Panel) *common.GraphFieldConfig {
	custom := common.NewGraphFieldConfig()
	custom.DrawStyle = cog.ToPtr(common.GraphDrawStyleLine)
	custom.LineWidth = cog.ToPtr(2.0)
	custom.FillOpacity = cog.ToPtr(fillOpacity(p))
	custom.ShowPoints = cog.ToPtr(common.VisibilityModeNever)
	custom.Stacking = &common.StackingConfig{Mode: cog.ToPtr(common.StackingModeNone)}
	if p.Kind.Stacked {
		custom.Stacking.Mode = cog.ToPtr(common.StackingModeNormal)
	}
	if last := len(p.Thresholds) - 1; p.Unit.LimitByThreshold && last >= 0 {
		custom.AxisSoftMax = cog.ToPtr(1.2 * p.Thresholds[last].From)
	}
	if len(p.Thresholds) > 0 {
		custom.ThresholdsStyle = &common.GraphThresholdsStyleConfig{Mode: common.GraphThresholdsStyleModeDashed}
	}
	return custom
}

func fillOpacity(p board.Panel) float64 {
	switch {
	case p.Kind.Stacked:
		return 60
	case p.Unit.Filled:
		return 10
	}
	return 0
}

// heatmapOptions is for the buckets of a histogram. In the query format heatmap,
// Grafana subtracts each bucket from the next.
func heatmapOptions(p board.Panel) json.RawMessage {
	return fmt.Appendf(nil, `{
  "calculate": false,
  "color": {"mode": "scheme", "scheme": "Oranges", "fill": "dark-orange", "exponent": 0.5, "steps": 64, "reverse": false},
  "filterValues": {"le": 1e-9},
  "rowsFrame": {"layout": "auto"},
  "showValue": "never",
  "cellGap": 1,
  "cellValues": {"unit": %q},
  "yAxis": {"unit": %q, "axisPlacement": "left"},
  "legend": {"show": true},
  "tooltip": {"mode": "single"},
  "exemplars": {"color": "rgba(255,0,255,0.7)"},
  "selectionMode": "x"
}`, board.PerSecond.ID, p.Unit.ID)
}

const stateTimelineOptions = `{
  "showValue": "never",
  "rowHeight": 0.9,
  "mergeValues": true,
  "alignValue": "left",
  "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []},
  "tooltip": {"mode": "single", "sort": "none"},
  "perPage": 20
}`

const stateTimelineFields = `{"lineWidth": 0, "fillOpacity": 70}`

const barGaugeOptions = `{
  "displayMode": "basic",
  "valueMode": "color",
  "namePlacement": "auto",
  "showUnfilled": true,
  "sizing": "auto",
  "minVizWidth": 8,
  "minVizHeight": 16,
  "legend": {"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []},
  "reduceOptions": {"calcs": ["lastNotNull"]},
  "maxVizHeight": 300,
  "orientation": "horizontal"
}`

const statOptions = `{
  "graphMode": "none",
  "colorMode": "value",
  "justifyMode": "auto",
  "textMode": "value_and_name",
  "wideLayout": true,
  "showPercentChange": false,
  "reduceOptions": {"calcs": ["lastNotNull"]},
  "percentChangeColorMode": "standard",
  "orientation": "auto"
}`

// tableOptions has no footer, because Grafana's schema of the footer changed
// between versions.
const tableOptions = `{
  "frameIndex": 0,
  "showHeader": true,
  "showTypeIcons": false,
  "cellHeight": "sm"
}`
