// Package grafana writes a board as a Grafana dashboard. No other package knows
// Grafana's dashboard schema. It also assigns the panels' ids and positions.
package grafana

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
	file "github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// datasource is the name of the variable that selects the data source. All panels
// use the variable, so that the dashboard works in every Grafana.
const datasource = "datasource"

func source() *common.DataSourceRef {
	return &common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${" + datasource + "}")}
}

// Marshal returns the dashboard's JSON, with a newline at the end. The same board
// always gives the same bytes. An invalid board is an error.
func Marshal(b board.Board) ([]byte, error) {
	if err := b.Validate(); err != nil {
		return nil, fmt.Errorf("board %s cannot be drawn: %w", b.UID, err)
	}
	d, err := draw(b)
	if err != nil {
		return nil, fmt.Errorf("board %s cannot be drawn: %w", b.UID, err)
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("board %s breaks Grafana's schema: %w", b.UID, err)
	}
	text, err := file.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("board %s: %w", b.UID, err)
	}
	return text, nil
}

// classic is the dashboard schema that every Grafana imports and provisions.
// Older versions do not know the SDK's newer v2 schema.
type classic = dashboard.Dashboard //nolint:staticcheck // deprecated in favour of v2, see above

func draw(b board.Board) (classic, error) {
	d := *dashboard.NewDashboard()
	d.Uid, d.Title, d.Description = &b.UID, &b.Title, &b.Description
	d.Tags, d.Editable = append([]string{tag}, b.Tags...), cog.ToPtr(false)
	d.Time = &dashboard.DashboardDashboardTime{From: cmp.Or(b.From, "now-1h"), To: "now"}
	d.Refresh = cog.ToPtr(cmp.Or(b.Refresh, "30s"))
	d.GraphTooltip = cog.ToPtr(dashboard.DashboardCursorSyncCrosshair)
	d.Links = []dashboard.DashboardLink{dashboardLinks()}
	d.Templating.List = variables(b)
	d.Annotations.List = annotations(b)
	var err error
	d.Panels, err = rows(b)
	return d, err
}

// tag is on all dashboards. The links between them find the dashboards by it.
const tag = "moodring"

// dashboardLinks links to the other dashboards, with the current variables and
// time range.
func dashboardLinks() dashboard.DashboardLink {
	return dashboard.DashboardLink{
		Title: "Moodring", Type: dashboard.DashboardLinkTypeDashboards, Icon: "external link", Tags: []string{tag},
		IncludeVars: true, KeepTime: true,
	}
}

// annotationStep is the step of annotation queries. With Grafana's default, 60 s,
// several events become one region.
const annotationStep = "15s"

// annotations writes each query twice: older Grafanas read expr, newer ones read
// target.
func annotations(b board.Board) []dashboard.AnnotationQuery {
	var all []dashboard.AnnotationQuery
	for _, a := range b.Annotations {
		expr := a.Query.Text(b.Values())
		all = append(all, dashboard.AnnotationQuery{
			Name: a.Title, Datasource: source(), Enable: true, IconColor: a.Color,
			Expr: &expr, TitleFormat: &a.Title, TextFormat: &a.Text,
			Target: query{RefID: "Anno", Datasource: source(), Expr: expr, Interval: annotationStep},
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
	if b.External != "" {
		list = append(list, externalVariable(b))
	}
	for i, v := range b.Variables {
		list = append(list, variable(v, b.Variables.Query(i, b.Values())))
	}
	if len(b.Windows) > 0 {
		list = append(list, windowVariable(b.Windows))
	}
	return list
}

// externalVariable chooses a value of the label that Prometheus servers add to all
// their series.
func externalVariable(b board.Board) dashboard.VariableModel {
	v := promql.Variable{Title: strings.ToUpper(b.External[:1]) + b.External[1:], Metric: contract.ExporterUp, Label: b.External, Labels: []string{b.External}, Single: true}
	return variable(v, promql.Variables{v}.Query(0, promql.Values{Selector: b.Selector}))
}

// windowVariable chooses the range of rates of few events.
func windowVariable(windows []string) dashboard.VariableModel {
	model := dashboard.VariableModel{
		Type:    dashboard.VariableTypeInterval,
		Name:    promql.WindowVariable,
		Label:   cog.ToPtr("Window"),
		Query:   &dashboard.StringOrMap{String: cog.ToPtr(strings.Join(windows, ","))},
		Current: &dashboard.VariableOption{Text: text(windows[0]), Value: text(windows[0])},
	}
	for i, window := range windows {
		model.Options = append(model.Options, dashboard.VariableOption{Text: text(window), Value: text(window), Selected: cog.ToPtr(i == 0)})
	}
	return model
}

func text(value string) dashboard.StringOrArrayOfString {
	return dashboard.StringOrArrayOfString{String: &value}
}

func variable(v promql.Variable, values string) dashboard.VariableModel {
	model := dashboard.VariableModel{
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
		model.Regex = &regex
	}
	if !v.Single {
		model.AllValue = cog.ToPtr(v.AllValue())
		model.Current = &dashboard.VariableOption{Text: single("All"), Value: single("$__all")}
	}
	return model
}

func single(value string) dashboard.StringOrArrayOfString {
	return dashboard.StringOrArrayOfString{ArrayOfString: []string{value}}
}

// rows numbers the rows and panels from 1, from top to bottom.
func rows(b board.Board) ([]dashboard.PanelOrRowPanel, error) {
	var panels []dashboard.PanelOrRowPanel
	id, y := uint32(0), uint32(0)
	for _, row := range b.Rows {
		id++
		head := heading(row, id, y)
		y += headingHeight
		positions, end := layout(len(row.Panels), y, row.Low)
		var within []dashboard.PanelOrRowPanel
		for i, p := range row.Panels {
			id++
			drawn, err := panel(p, b.Values(), id, positions[i])
			if err != nil {
				return nil, fmt.Errorf("panel %q: %w", p.Title, err)
			}
			within = append(within, dashboard.PanelOrRowPanel{Panel: drawn})
		}
		if row.Collapsed {
			panels = append(panels, collapsed(head, within))
			continue
		}
		panels = append(append(panels, dashboard.PanelOrRowPanel{RowPanel: head}), within...)
		y = end
	}
	return panels, nil
}

// collapsed puts panels into their row, as Grafana does while the row is closed.
func collapsed(row *dashboard.RowPanel, panels []dashboard.PanelOrRowPanel) dashboard.PanelOrRowPanel {
	row.Collapsed = true
	for _, p := range panels {
		row.Panels = append(row.Panels, *p.Panel)
	}
	return dashboard.PanelOrRowPanel{RowPanel: row}
}

func heading(row board.Row, id, y uint32) *dashboard.RowPanel {
	drawn := dashboard.NewRowPanel()
	drawn.Id, drawn.Title = id, &row.Title
	drawn.GridPos = &dashboard.GridPos{X: 0, Y: y, W: columns, H: headingHeight}
	return drawn
}
