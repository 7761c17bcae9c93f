package lint

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
)

// Dashboard has the fields of a dashboard that the rules check. It fits all
// versions of the classic schema.
type Dashboard struct {
	Title      string  `json:"title"`
	Editable   *bool   `json:"editable"`
	Panels     []Panel `json:"panels"`
	Templating struct {
		List []Variable `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []Annotation `json:"list"`
	} `json:"annotations"`
	// Rows have the panels of dashboards of before Grafana 5.
	Rows []struct {
		Panels []Panel `json:"panels"`
	} `json:"rows"`
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
	FieldConfig struct {
		Defaults struct {
			Unit     string            `json:"unit"`
			Mappings []json.RawMessage `json:"mappings"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
}

// Grid is the place of a panel, in cells.
type Grid struct{ X, Y, W, H int }

// Target is a query of a panel.
type Target struct {
	Expr       string          `json:"expr"`
	Datasource json.RawMessage `json:"datasource"`
}

// Variable is a template variable.
type Variable struct {
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	Query      json.RawMessage `json:"query"`
	Refresh    json.RawMessage `json:"refresh"` // a number; false in old dashboards
	Datasource json.RawMessage `json:"datasource"`
	Current    struct {
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

// Parse reads the fields of a dashboard that the rules look at.
func Parse(d dashboard.Dashboard) (Dashboard, error) {
	var parsed Dashboard
	if err := json.Unmarshal(d.JSON, &parsed); err != nil {
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

// hasQueries reports whether a panel of this type shows query results.
func (p Panel) hasQueries() bool {
	switch p.Type {
	case "text", "news", "dashlist", "alertlist", "annolist", "welcome", "gettingstarted", "row", "library-panel-ref":
		return false
	}
	return true
}

func (p Panel) name() string {
	if p.Title == "" {
		return fmt.Sprintf("panel %d", p.ID)
	}
	return fmt.Sprintf("panel %q", p.Title)
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

// datasourceUID returns the name of a data source in old dashboards, and its uid
// since Grafana 8.3, where a data source is an object. For the default data
// source it returns "".
func datasourceUID(source json.RawMessage) string {
	var name string
	if json.Unmarshal(source, &name) == nil {
		return name
	}
	var object struct {
		UID string `json:"uid"`
	}
	if json.Unmarshal(source, &object) == nil {
		return object.UID
	}
	return ""
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

// value returns the selected value; "" if all or several are selected.
func (v Variable) value() string {
	var text string
	if json.Unmarshal(v.Current.Value, &text) != nil || strings.HasPrefix(text, "$__") {
		return ""
	}
	return text
}
