package grafana

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// query is a query of Grafana's Prometheus data source. The foundation SDK's type
// would import the v2 schema (RATIONALE.md, "Why are the options of panels JSON text?").
type query struct {
	Datasource *common.DataSourceRef `json:"datasource"`
	EditorMode string                `json:"editorMode,omitempty"`
	Expr       string                `json:"expr"`
	Format     string                `json:"format,omitempty"`
	Interval   string                `json:"interval,omitempty"`
	Instant    *bool                 `json:"instant,omitempty"`
	Legend     string                `json:"legendFormat,omitempty"`
	Range      *bool                 `json:"range,omitempty"`
	RefID      string                `json:"refId"`
}

func queries(p board.Panel, v promql.Values) []variants.Dataquery {
	var all []variants.Dataquery
	instant := !p.Kind.OverTime
	for i, s := range p.Series {
		all = append(all, query{
			Datasource: source(),
			EditorMode: "code",
			Expr:       s.Query.Text(v),
			Format:     p.Kind.Format,
			Instant:    &instant,
			Legend:     s.Legend,
			Range:      &p.Kind.OverTime,
			RefID:      string(rune('A' + i)),
		})
	}
	return all
}

// The methods of variants.Dataquery, which the SDK's dashboard calls.

func (query) ImplementsDataqueryVariant()            {}
func (query) DataqueryType() string                  { return "prometheus" }
func (query) Validate() error                        { return nil }
func (q query) Equals(other variants.Dataquery) bool { return other == variants.Dataquery(q) }
