package lint

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
)

// Dashboard has the fields of a dashboard that the rules check. It fits all
// versions of the classic schema.
type Dashboard struct {
	UID           string  `json:"uid"`
	Title         string  `json:"title"`
	SchemaVersion int     `json:"schemaVersion"`
	Editable      *bool   `json:"editable"`
	Panels        []Panel `json:"panels"`
	Timezone      string  `json:"timezone"`
	Refresh       string  `json:"refresh"`
	Time          struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"time"`
	// Inputs are the values that Grafana's import dialog asks for.
	Inputs []struct {
		Name   string `json:"name"`
		Type   string `json:"type"`
		Plugin string `json:"pluginId"`
	} `json:"__inputs"`
	Templating struct {
		List []Variable `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []Annotation `json:"list"`
	} `json:"annotations"`
	// Rows have the panels of dashboards of before Grafana 5.
	Rows []Panel `json:"rows"`
}

// Panel is a panel, or a row, which can contain collapsed panels.
type Panel struct {
	ID          int             `json:"id"`
	Type        string          `json:"type"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Datasource  json.RawMessage `json:"datasource"`
	GridPos     *Grid           `json:"gridPos"`
	Targets     []Target        `json:"targets"`
	Panels      []Panel         `json:"panels"`
	Repeat      string          `json:"repeat"`
	FieldConfig FieldConfig     `json:"fieldConfig"`
	// Library is set if a library panel has the panel's queries and options.
	Library json.RawMessage `json:"libraryPanel"`
	// Alert is an alert of before Grafana 11, which kept alerts in panels.
	Alert json.RawMessage `json:"alert"`
	// Axes have the units of panels of the type graph, and Format is the unit of
	// singlestat.
	Axes []struct {
		Format string `json:"format"`
	} `json:"yaxes"`
	Format string `json:"format"`
	// Styles are the columns of a table of before Grafana 7.
	Styles json.RawMessage `json:"styles"`
}

// FieldConfig says how a panel writes its values.
type FieldConfig struct {
	Defaults struct {
		Unit     string            `json:"unit"`
		Mappings []json.RawMessage `json:"mappings"`
	} `json:"defaults"`
	Overrides []struct {
		Properties []struct {
			ID string `json:"id"`
		} `json:"properties"`
	} `json:"overrides"`
}

// Grid is the place of a panel, in cells.
type Grid struct{ X, Y, W, H float64 }

// Target is a query of a panel.
type Target struct {
	RefID      string          `json:"refId"`
	Expr       string          `json:"expr"`
	Legend     string          `json:"legendFormat"`
	Hide       bool            `json:"hide"`
	Datasource json.RawMessage `json:"datasource"`
}

// Variable is a template variable.
type Variable struct {
	Name       string          `json:"name"`
	Label      string          `json:"label"`
	Type       string          `json:"type"`
	Query      json.RawMessage `json:"query"`
	Regex      string          `json:"regex"`
	Refresh    json.RawMessage `json:"refresh"` // a number; false in old dashboards
	Datasource json.RawMessage `json:"datasource"`
	Multi      bool            `json:"multi"`
	IncludeAll bool            `json:"includeAll"`
	Current    struct {
		Text  json.RawMessage `json:"text"`
		Value json.RawMessage `json:"value"`
	} `json:"current"`
}

// Annotation is an annotation query. Newer Grafanas write the query into target.
type Annotation struct {
	Name   string `json:"name"`
	Expr   string `json:"expr"`
	Target struct {
		Expr string `json:"expr"`
	} `json:"target"`
	Datasource json.RawMessage `json:"datasource"`
}

// Parse reads the fields of a dashboard that the rules look at. A field of another
// type than Grafana writes counts as missing.
func Parse(d dashboard.Dashboard) (Dashboard, error) {
	var parsed Dashboard
	err := json.Unmarshal(d.JSON, &parsed)
	if other := (*json.UnmarshalTypeError)(nil); err != nil && !errors.As(err, &other) {
		return Dashboard{}, fmt.Errorf("no dashboard: %w", err)
	}
	return parsed, nil
}

// panels returns all panels, also those in rows, but no rows.
func (d Dashboard) panels() []Panel {
	all := withoutRows(d.Panels)
	for _, row := range d.Rows {
		all = append(all, withoutRows(row.Panels)...)
	}
	return all
}

func withoutRows(panels []Panel) []Panel {
	var all []Panel
	for _, p := range panels {
		if p.Type != "row" {
			all = append(all, p)
		}
		all = append(all, withoutRows(p.Panels)...)
	}
	return all
}

// hasQueries reports whether a panel of this type shows the results of its own
// queries.
func (p Panel) hasQueries() bool {
	switch p.Type {
	case "text", "news", "dashlist", "alertlist", "alertGroups", "annolist", "pluginlist", "welcome", "gettingstarted", "row", "canvas", "live", "grafana-clock-panel":
		return false
	}
	return !p.isLibrary()
}

// isLibrary reports whether the panel only refers to a library panel.
func (p Panel) isLibrary() bool {
	return p.Type == "library-panel-ref" || len(p.Library) > 0 && string(p.Library) != "null"
}

func (p Panel) name() string {
	kind := "panel"
	if p.Type == "row" {
		kind = "row"
	}
	if p.Title == "" {
		return fmt.Sprintf("%s %d", kind, p.ID)
	}
	return fmt.Sprintf("%s %q", kind, p.Title)
}

// datasourceVariables returns the names of the data source variables.
func (d Dashboard) datasourceVariables() []string {
	var names []string
	for _, v := range d.Templating.List {
		if v.Type == "datasource" {
			names = append(names, v.Name)
		}
	}
	return names
}

// text returns the query of a variable: the query is a string, or an object that
// contains the string.
func (v Variable) text() string {
	var text string
	if json.Unmarshal(v.Query, &text) == nil {
		return text
	}
	var object struct {
		Query string `json:"query"`
	}
	if json.Unmarshal(v.Query, &object) == nil {
		return object.Query
	}
	return ""
}

// chosenText returns the selected value as Grafana shows it; "" if several are
// selected.
func (v Variable) chosenText() string {
	var text string
	if json.Unmarshal(v.Current.Text, &text) != nil {
		return ""
	}
	return text
}

// isList reports whether Grafana may put several values into a query.
func (v Variable) isList() bool {
	return (v.Multi || v.IncludeAll) && (v.Type == "query" || v.Type == "custom")
}

// value returns the selected value; "" if all or several are selected.
func (v Variable) value() string {
	var text string
	if json.Unmarshal(v.Current.Value, &text) != nil || strings.HasPrefix(text, "$__") {
		return ""
	}
	return text
}
