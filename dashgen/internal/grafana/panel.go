package grafana

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

func panel(p board.Panel, v promql.Values, id uint32, at dashboard.GridPos) (*dashboard.Panel, error) {
	settings, ok := panelPlugins[p.Kind.Plugin]
	if !ok {
		return nil, fmt.Errorf("package grafana has no options for the panel plugin %s", p.Kind.Plugin)
	}
	options, custom := settings(p)
	return &dashboard.Panel{
		Id:          &id,
		Type:        p.Kind.Plugin,
		Title:       &p.Title,
		Description: cog.ToPtr(description(p)),
		Datasource:  source(),
		GridPos:     &at,
		Targets:     queries(p, v),
		Options:     options,
		FieldConfig: fieldConfig(p, custom),

		Transformations: transformations(p),
	}, nil
}

// description is the Markdown text behind the panel's (i).
func description(p board.Panel) string {
	text := p.Question + "\n\n" + p.Next + "\n\n"
	if p.Needs != "" {
		text += "Needs " + p.Needs + ".\n\n"
	}
	if p.Alert == nil {
		return text + "No alert: " + p.NoAlert + "."
	}
	return text + "Alert " + p.Alert.Name + ", when for " + minutes(p.Alert.For) + ":\n\n`" + p.Alert.Text() + "`"
}

func minutes(d time.Duration) string { return fmt.Sprintf("%gm", d.Minutes()) }

// transformations puts a table's columns in order: the labels, then the value.
// Grafana calls the columns of a single query Time and Value.
func transformations(p board.Panel) []dashboard.DataTransformerConfig {
	if p.Kind != board.Table {
		return nil
	}
	const value = "Value"
	order := map[string]int{}
	for _, label := range append(slices.Clone(p.Series[0].Query.Labels()), value) {
		order[label] = len(order)
	}
	return []dashboard.DataTransformerConfig{{Id: "organize", Options: map[string]any{
		"excludeByName": map[string]bool{"Time": true},
		"indexByName":   order,
		"renameByName":  map[string]string{value: "number"},
	}}}
}

func fieldConfig(p board.Panel, custom any) *dashboard.FieldConfigSource {
	config := dashboard.NewFieldConfigSource()
	config.Defaults = dashboard.FieldConfig{
		Thresholds: thresholds(p),
		Color:      &dashboard.FieldColor{Mode: colorMode(p)},
		Custom:     custom,
	}
	setUnit(&config.Defaults, p)
	switch {
	case p.Needs != "":
		config.Defaults.NoValue = cog.ToPtr("Not configured, or no data yet. It needs " + p.Needs + ".")
	case p.Idle != "":
		config.Defaults.NoValue = &p.Idle
	}
	switch {
	case p.Link != nil:
		config.Defaults.Links = []dashboard.DashboardLink{dataLink(*p.Link)}
	case p.Runbook:
		config.Defaults.Links = []dashboard.DashboardLink{runbookLink()}
	}
	if p.Rename != nil {
		config.Overrides = append(config.Overrides, renameOverride(*p.Rename))
	}
	for _, color := range p.Colors {
		config.Overrides = append(config.Overrides, colorOverride(color, p.Series[0].Legend))
	}
	return config
}

func setUnit(config *dashboard.FieldConfig, p board.Panel) {
	config.Unit, config.Decimals, config.Min, config.Max = &p.Unit.ID, p.Unit.Decimals, p.Unit.Min, p.Unit.Max
	if last := len(p.Thresholds) - 1; p.Unit.LimitByThreshold && p.Kind == board.BarGauge && last >= 0 {
		config.Max = cog.ToPtr(2 * p.Thresholds[last].From)
	}
	if words := p.Unit.Words; words[0] != "" {
		mapping := dashboard.NewValueMap()
		mapping.Options = map[string]dashboard.ValueMappingResult{
			"0": {Text: &words[0], Index: cog.ToPtr(int32(0))},
			"1": {Text: &words[1], Index: cog.ToPtr(int32(1))},
		}
		config.Mappings = []dashboard.ValueMapping{{ValueMap: mapping}}
	}
}

// thresholds returns the levels of values. If the panel's series have colours of
// their own, a threshold is only a line, in the colour of its worse side.
func thresholds(p board.Panel) *dashboard.ThresholdsConfig {
	config, levels := &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute}, p.Thresholds
	if len(levels) == 0 {
		levels = []board.Threshold{{Level: board.Good}}
	}
	for i, t := range levels {
		step := dashboard.Threshold{Color: t.Level.Hex()}
		if i > 0 {
			step.Value = &t.From
		}
		if i > 0 && !p.Kind.ColoredByThreshold {
			step.Color = levels[i-1].Level.Worse(t.Level).Hex()
		}
		config.Steps = append(config.Steps, step)
	}
	return config
}

// colorMode colours a state by its threshold, and other series by their place in the
// panel. A colour by the series' name would be better, but Grafana 9 has no such mode.
func colorMode(p board.Panel) dashboard.FieldColorModeId {
	if p.Kind.ColoredByThreshold && len(p.Thresholds) > 0 {
		return dashboard.FieldColorModeIdThresholds
	}
	return dashboard.FieldColorModeIdPaletteClassic
}

// dataLink opens another dashboard, with its variables set to the series' labels.
func dataLink(link board.DataLink) dashboard.DashboardLink {
	url := "/d/" + link.UID + "?"
	for _, label := range link.Labels {
		url += "var-" + label + "=${__field.labels." + label + "}&"
	}
	url += "${" + datasource + ":queryparam}&${__url_time_range}"
	for _, name := range link.Keep {
		url += "&${" + name + ":queryparam}"
	}
	name := link.Labels[len(link.Labels)-1]
	return dashboard.DashboardLink{
		Title: "Open ${__field.labels." + name + "}", Type: dashboard.DashboardLinkTypeLink, Url: &url, Tags: []string{},
	}
}

// runbookLink opens the runbook of an alert.
func runbookLink() dashboard.DashboardLink {
	const name = "${__data.fields.alertname}"
	return dashboard.DashboardLink{
		Title: "Runbook of " + name, Type: dashboard.DashboardLinkTypeLink, Url: cog.ToPtr(board.Runbooks + "#" + name), TargetBlank: true, Tags: []string{},
	}
}

func renameOverride(rename board.Rename) dashboard.DashboardFieldConfigSourceOverrides {
	return dashboard.DashboardFieldConfigSourceOverrides{
		Matcher:    dashboard.MatcherConfig{Id: "byRegexp", Options: "/" + rename.Pattern + "/"},
		Properties: []dashboard.DynamicConfigValue{{Id: "displayName", Value: rename.Name}},
	}
}

func colorOverride(color board.Color, legend string) dashboard.DashboardFieldConfigSourceOverrides {
	fixed := dashboard.FieldColor{Mode: dashboard.FieldColorModeIdFixed, FixedColor: &color.Hex}
	return dashboard.DashboardFieldConfigSourceOverrides{
		Matcher:    firstPart(color, legend),
		Properties: []dashboard.DynamicConfigValue{{Id: "color", Value: fixed}},
	}
}

// firstPart matches the series of a colour, by their name or by its first part.
func firstPart(color board.Color, legend string) dashboard.MatcherConfig {
	pattern := color.Pattern
	if pattern == "" {
		pattern = regexp.QuoteMeta(color.Name)
	}
	switch {
	case strings.Contains(legend, board.Separator):
		return dashboard.MatcherConfig{Id: "byRegexp", Options: "/^" + pattern + "(" + board.Separator + "|$)/i"}
	case color.Pattern != "":
		return dashboard.MatcherConfig{Id: "byRegexp", Options: "/^" + pattern + "$/i"}
	}
	return dashboard.MatcherConfig{Id: "byName", Options: color.Name}
}
