package lint

import "fmt"

func deprecatedPanel() rule {
	return rule{
		name: "panel-deprecated",
		rule: "Panels have no type that was written in Angular, and no alert of their own.",
		why:  "Grafana 12 has no Angular, and shows these panels as missing, or converts them when they are opened. Grafana 11 removed alerts in panels: write the alert as a rule. The remedy is the type that follows: `timeseries`, `stat`, `gauge`, `table`.",
		check: func(d Dashboard, _ Context, report func(place, message string)) {
			for _, p := range d.panels() {
				if follows, ok := angular[d.angularType(p)]; ok {
					report(p.name(), fmt.Sprintf("has the type %s, which Grafana 12 does not have: use %s", d.angularType(p), follows))
				}
				if len(p.Alert) > 0 && string(p.Alert) != "null" {
					report(p.name(), "has an alert of its own, which Grafana 11 and later ignore: write an alerting rule")
				}
			}
		},
	}
}

// angular has the type of panel that follows each type that was written in Angular
// (Grafana's documentation, "Angular support deprecation").
var angular = map[string]string{
	"graph":                              "timeseries",
	"singlestat":                         "stat",
	"table-old":                          "table",
	"grafana-singlestat-panel":           "stat",
	"grafana-piechart-panel":             "piechart",
	"grafana-worldmap-panel":             "geomap",
	"natel-discrete-panel":               "state-timeline",
	"mtanda-histogram-panel":             "histogram",
	"savantly-heatmap-panel":             "heatmap",
	"michaeldmoore-multistat-panel":      "bargauge",
	"blackmirror1-singlestat-math-panel": "stat",
	"btplc-trend-box-panel":              "stat",
}

// tableSchema is the version of the schema since which a table is today's table, also
// with styles that were left over.
const tableSchema = 24

// angularType returns the type of a panel. In an older schema, a table with styles is of
// the type that Grafana 7 renamed to table-old.
func (d Dashboard) angularType(p Panel) string {
	if p.Type == "table" && d.SchemaVersion < tableSchema && len(p.Styles) > 0 && string(p.Styles) != "null" {
		return "table-old"
	}
	return p.Type
}
