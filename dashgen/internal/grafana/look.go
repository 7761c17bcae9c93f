package grafana

import (
	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/query"
)

// look is a Grafana panel plugin and its settings.
type look struct {
	plugin          string
	options, custom any
}

func looks(o board.Observable) look {
	switch o.Kind {
	case board.Heatmap:
		return look{"heatmap", heatmapOptions(), heatmap.FieldConfig{}}
	case board.Bars:
		return look{"bargauge", barOptions(), nil}
	case board.Number:
		return look{"stat", statOptions(), nil}
	}
	return look{"timeseries", lineOptions(), lines(o)}
}

func lineOptions() *timeseries.Options {
	options := timeseries.NewOptions()
	options.Legend = common.VizLegendOptions{
		ShowLegend:  true,
		DisplayMode: common.LegendDisplayModeList,
		Placement:   common.LegendPlacementBottom,
		Calcs:       []string{},
	}
	options.Tooltip = common.VizTooltipOptions{Mode: common.TooltipDisplayModeMulti, Sort: common.SortOrderDescending}
	return options
}

func lines(o board.Observable) *common.GraphFieldConfig {
	custom := common.NewGraphFieldConfig()
	custom.DrawStyle = cog.ToPtr(common.GraphDrawStyleLine)
	custom.LineWidth = cog.ToPtr(2.0)
	custom.FillOpacity = cog.ToPtr(10.0)
	custom.ShowPoints = cog.ToPtr(common.VisibilityModeNever)
	custom.Stacking = &common.StackingConfig{Mode: cog.ToPtr(common.StackingModeNone)}
	if o.Kind == board.Areas {
		custom.FillOpacity = cog.ToPtr(60.0)
		custom.Stacking.Mode = cog.ToPtr(common.StackingModeNormal)
	}
	if len(o.Thresholds) > 0 {
		custom.ThresholdsStyle = &common.GraphThresholdsStyleConfig{Mode: common.GraphThresholdsStyleModeDashed}
	}
	return custom
}

// heatmapOptions are for buckets by le: Grafana takes neighbours from each
// other when the query's format is heatmap.
func heatmapOptions() *heatmap.Options {
	options := heatmap.NewOptions()
	options.Color.Mode = cog.ToPtr(heatmap.HeatmapColorModeScheme)
	options.YAxis.AxisPlacement = cog.ToPtr(common.AxisPlacementLeft)
	options.RowsFrame = &heatmap.RowsHeatmapOptions{Layout: cog.ToPtr(common.HeatmapCellLayoutAuto)}
	options.Tooltip.Mode = common.TooltipDisplayModeSingle
	options.ShowValue = common.VisibilityModeNever
	return options
}

func barOptions() *bargauge.Options {
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

func targets(o board.Observable) []variants.Dataquery {
	var all []variants.Dataquery
	instant := o.Kind == board.Bars || o.Kind == board.Number
	format := prometheus.PromQueryFormatTimeSeries
	if o.Kind == board.Heatmap {
		format = prometheus.PromQueryFormatHeatmap
	}
	for i, s := range o.Series {
		all = append(all, prometheus.Dataquery{
			RefId:        cog.ToPtr(string(rune('A' + i))),
			Datasource:   source(),
			Expr:         s.Query.Text(query.Grafana()),
			LegendFormat: &s.Legend,
			EditorMode:   cog.ToPtr(prometheus.QueryEditorModeCode),
			Format:       &format,
			Instant:      cog.ToPtr(instant),
			Range:        cog.ToPtr(!instant),
		})
	}
	return all
}

func fields(o board.Observable, custom any) *dashboard.FieldConfigSource {
	source := dashboard.NewFieldConfigSource()
	source.Defaults = dashboard.FieldConfig{
		Thresholds: thresholds(o.Thresholds),
		Color:      &dashboard.FieldColor{Mode: colorMode(o)},
		Custom:     custom,
	}
	measure(&source.Defaults, o)
	for _, color := range o.Colors {
		source.Overrides = append(source.Overrides, paint(color))
	}
	return source
}

// colorMode: a number that has thresholds wears their colour; a series wears
// one made from its name, so that a label looks the same in every panel.
func colorMode(o board.Observable) dashboard.FieldColorModeId {
	if o.Kind == board.Number && len(o.Thresholds) > 0 {
		return dashboard.FieldColorModeIdThresholds
	}
	return dashboard.FieldColorModeIdPaletteClassicByName
}

func paint(color board.Color) dashboard.DashboardFieldConfigSourceOverrides {
	fixed := dashboard.FieldColor{Mode: dashboard.FieldColorModeIdFixed, FixedColor: &color.Hex}
	return dashboard.DashboardFieldConfigSourceOverrides{
		Matcher:    dashboard.MatcherConfig{Id: "byName", Options: color.Name},
		Properties: []dashboard.DynamicConfigValue{{Id: "color", Value: fixed}},
	}
}

func thresholds(levels []board.Threshold) *dashboard.ThresholdsConfig {
	config := &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute}
	if len(levels) == 0 {
		levels = []board.Threshold{{Level: board.Good}}
	}
	for i, t := range levels {
		step := dashboard.Threshold{Color: t.Level.Hex()}
		if i > 0 {
			step.Value = &t.From
		}
		config.Steps = append(config.Steps, step)
	}
	return config
}

// measure sets the unit (ids from Grafana's packages/grafana-data
// valueFormats/categories.ts) and the axis that goes with it.
func measure(f *dashboard.FieldConfig, o board.Observable) {
	f.Min = cog.ToPtr(0.0)
	switch o.Unit {
	case board.Count:
		f.Unit, f.Decimals = cog.ToPtr("none"), cog.ToPtr(0.0)
	case board.PerSecond:
		f.Unit = cog.ToPtr("cps")
	case board.Share:
		f.Unit, f.Max = cog.ToPtr("percentunit"), cog.ToPtr(1.0)
	case board.Score:
		f.Unit, f.Max = cog.ToPtr("none"), cog.ToPtr(1.0)
	case board.Seconds:
		f.Unit = cog.ToPtr("s")
	case board.UpDown:
		f.Unit, f.Max = cog.ToPtr("none"), cog.ToPtr(1.0)
		f.Mappings = upDown()
	}
}

func upDown() []dashboard.ValueMapping {
	words := dashboard.NewValueMap()
	words.Options = map[string]dashboard.ValueMappingResult{
		"0": {Text: cog.ToPtr("down"), Index: cog.ToPtr(int32(0))},
		"1": {Text: cog.ToPtr("up"), Index: cog.ToPtr(int32(1))},
	}
	return []dashboard.ValueMapping{{ValueMap: words}}
}
