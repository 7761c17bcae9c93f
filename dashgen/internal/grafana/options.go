package grafana

import (
	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"github.com/moodring/moodring/dashgen/internal/board"
)

// panelPlugins has, by the panel plugin's id, a panel's options and the custom part
// of its field configuration.
var panelPlugins = map[string]func(p board.Panel) (options, custom any){
	"timeseries":     func(p board.Panel) (any, any) { return timeSeriesOptions(), timeSeriesFields(p) },
	"heatmap":        func(p board.Panel) (any, any) { return heatmapOptions(p), heatmap.FieldConfig{} },
	"state-timeline": func(board.Panel) (any, any) { return stateTimelineOptions(), statetimeline.NewFieldConfig() },
	"bargauge":       func(board.Panel) (any, any) { return barGaugeOptions(), nil },
	"stat":           func(board.Panel) (any, any) { return statOptions(), nil },
	"table":          func(board.Panel) (any, any) { return tableOptions(), nil },
}

func timeSeriesOptions() *timeseries.Options {
	options := timeseries.NewOptions()
	options.Legend = legend()
	options.Tooltip = common.VizTooltipOptions{Mode: common.TooltipDisplayModeMulti, Sort: common.SortOrderDescending}
	return options
}

func legend() common.VizLegendOptions {
	return common.VizLegendOptions{
		ShowLegend:  true,
		DisplayMode: common.LegendDisplayModeList,
		Placement:   common.LegendPlacementBottom,
		Calcs:       []string{},
	}
}

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
func heatmapOptions(p board.Panel) *heatmap.Options {
	options := heatmap.NewOptions()
	options.Color.Mode = cog.ToPtr(heatmap.HeatmapColorModeScheme)
	options.YAxis.Unit = &p.Unit.ID
	options.CellValues = &heatmap.CellValues{Unit: &board.PerSecond.ID}
	options.YAxis.AxisPlacement = cog.ToPtr(common.AxisPlacementLeft)
	options.RowsFrame = &heatmap.RowsHeatmapOptions{Layout: cog.ToPtr(common.HeatmapCellLayoutAuto)}
	options.Tooltip.Mode = common.TooltipDisplayModeSingle
	options.ShowValue = common.VisibilityModeNever
	return options
}

func stateTimelineOptions() *statetimeline.Options {
	options := statetimeline.NewOptions()
	options.ShowValue = common.VisibilityModeNever
	options.Legend = legend()
	options.Tooltip = common.VizTooltipOptions{Mode: common.TooltipDisplayModeSingle, Sort: common.SortOrderNone}
	return options
}

func barGaugeOptions() *bargauge.Options {
	options := bargauge.NewOptions()
	options.DisplayMode = common.BarGaugeDisplayModeBasic
	options.Orientation = common.VizOrientationHorizontal
	options.ReduceOptions = latest()
	return options
}

func statOptions() *stat.Options {
	options := stat.NewOptions()
	options.GraphMode = common.BigValueGraphModeNone
	options.TextMode = common.BigValueTextModeValueAndName
	options.Orientation = common.VizOrientationAuto
	options.ReduceOptions = latest()
	return options
}

func latest() common.ReduceDataOptions {
	return common.ReduceDataOptions{Calcs: []string{"lastNotNull"}}
}

// tableOptions has no footer, because Grafana's schema of the footer changed
// between versions.
func tableOptions() *table.Options {
	options := table.NewOptions()
	options.Footer = nil
	return options
}
