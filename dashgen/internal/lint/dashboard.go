package lint

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
)

// Dashboard is what the rules look at in a dashboard's JSON: anyone's, of any
// of the classic schema's versions.
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
	// Rows are how dashboards of before 2018 held their panels.
	Rows []struct {
		Panels []Panel `json:"panels"`
	} `json:"rows"`
}

// Panel is one panel, or a row that may hold collapsed ones.
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

// Grid is where a panel is, in cells.
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
	Refresh    json.RawMessage `json:"refresh"` // a number, or false in old ones
	Datasource json.RawMessage `json:"datasource"`
	Current    struct {
		Value json.RawMessage `json:"value"`
	} `json:"current"`
}

// Annotation is a query for events, which newer Grafanas write into target.
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

// panels returns all panels that show something, those in rows too.
func (d Dashboard) panels() []Panel {
	all := open(d.Panels)
	for _, row := range d.Rows {
		all = append(all, open(row.Panels)...)
	}
	return all
}

func open(panels []Panel) []Panel {
	var all []Panel
	for _, p := range panels {
		if p.Type != "row" {
			all = append(all, p)
		}
		all = append(all, open(p.Panels)...)
	}
	return all
}

// asks tells whether a panel is one that shows the answers to queries.
func (p Panel) asks() bool {
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

// sources are the names of the data source variables.
func (d Dashboard) sources() []string {
	var names []string
	for _, v := range d.Templating.List {
		if v.Type == "datasource" {
			names = append(names, v.Name)
		}
	}
	return names
}

// uid reads a data source as it is written: a name in old dashboards, an
// object with a uid since Grafana 8.3. It is empty for the default one.
func uid(source json.RawMessage) string {
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

// text reads a variable's query, which is a string, or an object that has one.
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

// value is what is chosen; empty for all and for several.
func (v Variable) value() string {
	var text string
	if json.Unmarshal(v.Current.Value, &text) != nil || strings.HasPrefix(text, "$__") {
		return ""
	}
	return text
}
