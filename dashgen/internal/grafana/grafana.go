// Package grafana writes a board as a Grafana dashboard. It is the only room
// that knows Grafana's schema; it owns the panels' ids and the grid.
package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// datasource is the name of the variable for the data source. Every panel goes
// through it, so that the dashboard works in any Grafana.
const datasource = "datasource"

func source() *common.DataSourceRef {
	return &common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${" + datasource + "}")}
}

// Marshal returns the dashboard's JSON, ending in a newline: for the same board
// the same bytes. It refuses a board that is not valid.
func Marshal(b board.Board) ([]byte, error) {
	if err := b.Validate(); err != nil {
		return nil, fmt.Errorf("board %s cannot be drawn: %w", b.UID, err)
	}
	drawn := draw(b)
	if err := drawn.Validate(); err != nil {
		return nil, fmt.Errorf("board %s breaks Grafana's schema: %w", b.UID, err)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(drawn); err != nil {
		return nil, fmt.Errorf("board %s: %w", b.UID, err)
	}
	return out.Bytes(), nil
}

// classic is the dashboard that every Grafana imports and provisions. The v2
// schema that the SDK would rather see is unknown to older ones.
type classic = dashboard.Dashboard //nolint:staticcheck // deprecated in favour of v2, see above

func draw(b board.Board) classic {
	d := *dashboard.NewDashboard()
	d.Uid, d.Title, d.Description = &b.UID, &b.Title, &b.Description
	d.Tags, d.Editable = []string{tag}, cog.ToPtr(false)
	d.Time = &dashboard.DashboardDashboardTime{From: "now-1h", To: "now"}
	d.Refresh = cog.ToPtr("30s")
	d.GraphTooltip = cog.ToPtr(dashboard.DashboardCursorSyncCrosshair)
	d.Links = []dashboard.DashboardLink{others()}
	d.Templating.List = variables(b)
	d.Annotations.List = annotations(b)
	d.Panels = rows(b)
	return d
}

// tag is on all boards, so that the links between them find those that are
// there.
const tag = "moodring"

// others links to the other boards, and takes what is chosen along.
func others() dashboard.DashboardLink {
	return dashboard.DashboardLink{
		Title: "Moodring", Type: dashboard.DashboardLinkTypeDashboards, Icon: "external link", Tags: []string{tag},
		IncludeVars: true, KeepTime: true,
	}
}

// annotations have their query twice: older Grafanas read the one in expr,
// newer ones that in target.
func annotations(b board.Board) []dashboard.AnnotationQuery {
	var all []dashboard.AnnotationQuery
	for _, e := range b.Annotations {
		expr := e.Query.Text(b.Variables.Grafana())
		all = append(all, dashboard.AnnotationQuery{
			Name: e.Title, Datasource: source(), Enable: true, IconColor: e.Color,
			Expr: &expr, TitleFormat: &e.Title, TextFormat: &e.Text,
			Target: prometheus.Dataquery{RefId: cog.ToPtr("Anno"), Datasource: source(), Expr: expr},
		})
	}
	return all
}

func variables(b board.Board) []dashboard.VariableModel {
	list := []dashboard.VariableModel{{
		Type:    dashboard.VariableTypeDatasource,
		Name:    datasource,
		Label:   cog.ToPtr("Data source"),
		Query:   &dashboard.StringOrMap{String: cog.ToPtr("prometheus")},
		Refresh: cog.ToPtr(dashboard.VariableRefreshOnDashboardLoad),
	}}
	for i, v := range b.Variables {
		list = append(list, variable(v, b.Variables.Query(i)))
	}
	return list
}

func variable(v promql.Variable, values string) dashboard.VariableModel {
	chosen := dashboard.VariableModel{
		Type:       dashboard.VariableTypeQuery,
		Name:       v.Name(),
		Label:      &v.Title,
		Datasource: source(),
		Query:      &dashboard.StringOrMap{String: &values},
		Refresh:    cog.ToPtr(dashboard.VariableRefreshOnTimeRangeChanged),
		Sort:       cog.ToPtr(dashboard.VariableSortAlphabeticalAsc),
		Multi:      cog.ToPtr(!v.Single),
		IncludeAll: cog.ToPtr(!v.Single),
	}
	if regex := v.Regex(); regex != "" {
		chosen.Regex = &regex
	}
	if !v.Single {
		chosen.AllValue = cog.ToPtr(v.AllValue())
		chosen.Current = &dashboard.VariableOption{Text: list1("All"), Value: list1("$__all")}
	}
	return chosen
}

func list1(value string) dashboard.StringOrArrayOfString {
	return dashboard.StringOrArrayOfString{ArrayOfString: []string{value}}
}

// rows numbers the rows and panels from 1, in the order one reads them.
func rows(b board.Board) []dashboard.PanelOrRowPanel {
	var panels []dashboard.PanelOrRowPanel
	id, y := uint32(0), uint32(0)
	for _, row := range b.Rows {
		id++
		panels = append(panels, heading(row, id, y))
		y += headingHeight
		places, end := place(len(row.Panels), y)
		for i, o := range row.Panels {
			id++
			panels = append(panels, dashboard.PanelOrRowPanel{Panel: panel(o, b.Variables.Grafana(), id, places[i])})
		}
		y = end
	}
	return panels
}

func heading(row board.Row, id, y uint32) dashboard.PanelOrRowPanel {
	drawn := dashboard.NewRowPanel()
	drawn.Id, drawn.Title = id, &row.Title
	drawn.GridPos = &dashboard.GridPos{X: 0, Y: y, W: columns, H: headingHeight}
	return dashboard.PanelOrRowPanel{RowPanel: drawn}
}

func panel(o board.Panel, v promql.Values, id uint32, at dashboard.GridPos) *dashboard.Panel {
	look := looks(o)
	return &dashboard.Panel{
		Id:          &id,
		Type:        look.plugin,
		Title:       &o.Title,
		Description: cog.ToPtr(describe(o)),
		Datasource:  source(),
		GridPos:     &at,
		Targets:     targets(o, v),
		Options:     look.options,
		FieldConfig: fields(o, look.custom),

		Transformations: transformations(o),
	}
}

// describe is the text behind the panel's (i), in Markdown.
func describe(o board.Panel) string {
	text := o.Question + "\n\n" + o.Next + "\n\n"
	if o.Needs != "" {
		text += "Needs " + o.Needs + ".\n\n"
	}
	if o.Alert == nil {
		return text + "No alert: " + o.NoAlert + "."
	}
	return text + "Alert " + o.Alert.Name + ", when for " + minutes(o.Alert.For) + ":\n\n`" + o.Alert.Text() + "`"
}

func minutes(d time.Duration) string { return fmt.Sprintf("%gm", d.Minutes()) }
