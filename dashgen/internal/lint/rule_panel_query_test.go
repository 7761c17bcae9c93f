package lint

import "testing"

func TestPanelQuery(t *testing.T) {
	testRule(t, panelQuery(), Context{}, []ruleCase{
		{"none", `{"title":"D","panels":[{"title":"P","type":"stat"},{"type":"text"}]}`, []string{`panel "P": has no query`}},
		{"one", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up"}]}]}`, []string{}},
	})
}
