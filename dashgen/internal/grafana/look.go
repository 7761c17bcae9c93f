package grafana

import (
	"regexp"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// look is a Grafana panel plugin and its settings.
type look struct {
	plugin          string
	options, custom any
}

func looks(o board.Panel) look {
	switch o.Kind {
	case board.Heatmap:
		return look{"heatmap", heatmapOptions(o), heatmap.FieldConfig{}}
	case board.BarGauge:
		return look{"bargauge", barOptions(), nil}
	case board.Stat:
		return look{"stat", statOptions(), nil}
	case board.StateTimeline:
		return look{"state-timeline", phaseOptions(), statetimeline.NewFieldConfig()}
	case board.Table:
		return look{"table", tableOptions(), nil}
	}
	return look{"timeseries", lineOptions(), lines(o)}
}

func lineOptions() *timeseries.Options {
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

func lines(o board.Panel) *common.GraphFieldConfig {
	custom := common.NewGraphFieldConfig()
	custom.DrawStyle = cog.ToPtr(common.GraphDrawStyleLine)
	custom.LineWidth = cog.ToPtr(2.0)
	custom.FillOpacity = cog.ToPtr(fill(o.Unit))
	custom.ShowPoints = cog.ToPtr(common.VisibilityModeNever)
	custom.Stacking = &common.StackingConfig{Mode: cog.ToPtr(common.StackingModeNone)}
	if o.Kind == board.StackedTimeSeries {
		custom.FillOpacity = cog.ToPtr(60.0)
		custom.Stacking.Mode = cog.ToPtr(common.StackingModeNormal)
	}
	if len(o.Thresholds) > 0 {
		custom.ThresholdsStyle = &common.GraphThresholdsStyleConfig{Mode: common.GraphThresholdsStyleModeDashed}
	}
	return custom
}

// fill is how much of the colour stands below a line: there is an amount. Below
// parts and scores there is none, and several would hide each other.
func fill(u board.Unit) float64 {
	switch u {
	case board.Share, board.Score, board.Shift, board.Difference, board.Distance:
		return 0
	}
	return 10
}

// heatmapOptions are for buckets by le: Grafana takes neighbours from each
// other when the query's format is heatmap.
func heatmapOptions(o board.Panel) *heatmap.Options {
	options := heatmap.NewOptions()
	options.Color.Mode = cog.ToPtr(heatmap.HeatmapColorModeScheme)
	options.YAxis.Unit = cog.ToPtr(unitID(o.Unit))
	options.CellValues = &heatmap.CellValues{Unit: cog.ToPtr(unitID(board.PerSecond))}
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

func phaseOptions() *statetimeline.Options {
	options := statetimeline.NewOptions()
	options.ShowValue = common.VisibilityModeNever
	options.Legend = legend()
	options.Tooltip = common.VizTooltipOptions{Mode: common.TooltipDisplayModeSingle, Sort: common.SortOrderNone}
	return options
}

// tableOptions have no footer: what Grafana knows of it changed between
// versions.
func tableOptions() *table.Options {
	options := table.NewOptions()
	options.Footer = nil
	return options
}

// transformations put a table's columns in order: labels, then the number.
// Grafana names a lone query's own Time and Value.
func transformations(o board.Panel) []dashboard.DataTransformerConfig {
	if o.Kind != board.Table {
		return nil
	}
	const value = "Value"
	order := map[string]int{}
	for _, label := range append(slices.Clone(o.Series[0].Query.Labels()), value) {
		order[label] = len(order)
	}
	return []dashboard.DataTransformerConfig{{Id: "organize", Options: map[string]any{
		"excludeByName": map[string]bool{"Time": true},
		"indexByName":   order,
		"renameByName":  map[string]string{value: "number"},
	}}}
}

func latest() common.ReduceDataOptions {
	return common.ReduceDataOptions{Calcs: []string{"lastNotNull"}}
}

func targets(o board.Panel, v promql.Values) []variants.Dataquery {
	var all []variants.Dataquery
	format := map[board.Kind]prometheus.PromQueryFormat{
		board.Heatmap: prometheus.PromQueryFormatHeatmap,
		board.Table:   prometheus.PromQueryFormatTable,
	}[o.Kind]
	if format == "" {
		format = prometheus.PromQueryFormatTimeSeries
	}
	for i, s := range o.Series {
		all = append(all, prometheus.Dataquery{
			RefId:        cog.ToPtr(string(rune('A' + i))),
			Datasource:   source(),
			Expr:         s.Query.Text(v),
			LegendFormat: &s.Legend,
			EditorMode:   cog.ToPtr(prometheus.QueryEditorModeCode),
			Format:       &format,
			Instant:      cog.ToPtr(!o.Kind.OverTime()),
			Range:        cog.ToPtr(o.Kind.OverTime()),
		})
	}
	return all
}

func fields(o board.Panel, custom any) *dashboard.FieldConfigSource {
	source := dashboard.NewFieldConfigSource()
	source.Defaults = dashboard.FieldConfig{
		Thresholds: thresholds(o.Thresholds),
		Color:      &dashboard.FieldColor{Mode: colorMode(o)},
		Custom:     custom,
	}
	measure(&source.Defaults, o)
	if o.Needs != "" {
		source.Defaults.NoValue = cog.ToPtr("No data. It needs " + o.Needs + ".")
	}
	if o.Link != nil {
		source.Defaults.Links = []dashboard.DashboardLink{door(*o.Link)}
	}
	if o.Series[0].Legend == board.ByVersion {
		source.Overrides = append(source.Overrides, unversioned())
	}
	for _, color := range o.Colors {
		source.Overrides = append(source.Overrides, paint(color, o.Series[0].Legend))
	}
	return source
}

// door leads to another board with the series' label chosen.
func door(d board.DataLink) dashboard.DashboardLink {
	url := "/d/" + d.UID + "?var-" + d.Label + "=${__field.labels." + d.Label + "}&${" + datasource + ":queryparam}&${__url_time_range}"
	return dashboard.DashboardLink{
		Title: "Open ${__field.labels." + d.Label + "}", Type: dashboard.DashboardLinkTypeLink, Url: &url, Tags: []string{},
	}
}

// colorMode: a state that has thresholds wears their colour; a series wears
// one made from its name, so that a label looks the same in every panel.
func colorMode(o board.Panel) dashboard.FieldColorModeId {
	isState := o.Kind == board.Stat || o.Kind == board.BarGauge || o.Kind == board.StateTimeline
	if isState && len(o.Thresholds) > 0 {
		return dashboard.FieldColorModeIdThresholds
	}
	return dashboard.FieldColorModeIdPaletteClassicByName
}

func paint(color board.Color, legend string) dashboard.DashboardFieldConfigSourceOverrides {
	fixed := dashboard.FieldColor{Mode: dashboard.FieldColorModeIdFixed, FixedColor: &color.Hex}
	return dashboard.DashboardFieldConfigSourceOverrides{
		Matcher:    called(color.Name, legend),
		Properties: []dashboard.DynamicConfigValue{{Id: "color", Value: fixed}},
	}
}

func unversioned() dashboard.DashboardFieldConfigSourceOverrides {
	name, _, _ := strings.Cut(board.ByVersion, " ")
	return dashboard.DashboardFieldConfigSourceOverrides{
		Matcher:    dashboard.MatcherConfig{Id: "byRegexp", Options: "/^" + name + " ?$/"},
		Properties: []dashboard.DynamicConfigValue{{Id: "displayName", Value: board.NoVersion}},
	}
}

// called matches series by the name that the legend begins with, whatever else
// the legend names them by.
func called(name, legend string) dashboard.MatcherConfig {
	if strings.Contains(legend, " ") {
		return dashboard.MatcherConfig{Id: "byRegexp", Options: "/^" + regexp.QuoteMeta(name) + "( |$)/"}
	}
	return dashboard.MatcherConfig{Id: "byName", Options: name}
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

// unitID is Grafana's id of a unit, out of its packages/grafana-data
// valueFormats/categories.ts.
func unitID(u board.Unit) string {
	id, ok := map[board.Unit]string{
		board.PerSecond: "cps",
		board.Share:     "percentunit",
		board.Shift:     "percentunit",
		board.Seconds:   "s",
		board.Bytes:     "Bps",
		board.Size:      "short",
		board.Amount:    "short",
		board.Memory:    "bytes",
		board.Celsius:   "celsius",
	}[u]
	if !ok {
		return "none"
	}
	return id
}

// measure sets the unit and the axis that goes with it.
func measure(f *dashboard.FieldConfig, o board.Panel) {
	f.Unit, f.Min = cog.ToPtr(unitID(o.Unit)), cog.ToPtr(0.0)
	switch o.Unit {
	case board.Count:
		f.Decimals = cog.ToPtr(0.0)
	case board.Share, board.Score:
		f.Max = cog.ToPtr(1.0)
	case board.Distance:
		f.Decimals = cog.ToPtr(2.0)
		if o.Kind == board.BarGauge { // one alone would be as long as the panel, whatever it shows
			f.Max = cog.ToPtr(2 * o.Thresholds[len(o.Thresholds)-1].From)
		}
	case board.Shift, board.Difference, board.Amount, board.Celsius:
		f.Min = nil
	case board.UpDown:
		f.Max, f.Mappings = cog.ToPtr(1.0), words("down", "up")
	case board.YesNo:
		f.Max, f.Mappings = cog.ToPtr(1.0), words("no", "yes")
	}
}

// words are what is shown for 0 and for 1.
func words(zero, one string) []dashboard.ValueMapping {
	shown := dashboard.NewValueMap()
	shown.Options = map[string]dashboard.ValueMappingResult{
		"0": {Text: &zero, Index: cog.ToPtr(int32(0))},
		"1": {Text: &one, Index: cog.ToPtr(int32(1))},
	}
	return []dashboard.ValueMapping{{ValueMap: shown}}
}
