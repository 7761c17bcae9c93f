package lint

import "testing"

func TestDeprecatedPanel(t *testing.T) {
	testRule(t, deprecatedPanel(), Context{}, []ruleCase{
		{"types of Angular", `{"title":"D","panels":[{"title":"P","type":"singlestat"},{"title":"Q","type":"graph"},{"title":"R","type":"grafana-piechart-panel"}]}`, []string{
			`panel "P": has the type singlestat, which Grafana 12 does not have: use stat`,
			`panel "Q": has the type graph, which Grafana 12 does not have: use timeseries`,
			`panel "R": has the type grafana-piechart-panel, which Grafana 12 does not have: use piechart`,
		}},
		{"an alert", `{"title":"D","panels":[{"title":"P","type":"timeseries","alert":{"name":"A"}}]}`, []string{`panel "P": has an alert of its own, which Grafana 11 and later ignore: write an alerting rule`}},
		{"a table of before Grafana 7", `{"title":"D","schemaVersion":16,"panels":[{"title":"P","type":"table","styles":[{}]}]}`, []string{`panel "P": has the type table-old, which Grafana 12 does not have: use table`}},
		{"a table with styles left over", `{"title":"D","schemaVersion":36,"panels":[{"title":"P","type":"table","styles":[{}]}]}`, nil},
		{"types of today", `{"title":"D","panels":[{"title":"P","type":"timeseries","alert":null},{"type":"table"},{"type":"gauge"}]}`, nil},
	})
}
