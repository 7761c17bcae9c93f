package lint

import "testing"

func TestPanelQuery(t *testing.T) {
	testRule(t, panelQuery(), Context{}, []ruleCase{
		{"none", `{"title":"D","panels":[{"title":"P","type":"stat"},{"type":"text"}]}`, []string{`panel "P": has no query`}},
		{"one", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up"}]}]}`, []string{}},
		{"hidden", `{"title":"D","panels":[{"title":"P","type":"stat","targets":[{"expr":"up","hide":true},{"expr":"up","hide":true}]},{"title":"Q","type":"stat","targets":[{"expr":"up","hide":true},{"expr":"up"}]}]}`, []string{`panel "P": has only hidden queries: set hide to false for one, or remove the panel`}},
		{"a library panel", `{"title":"D","panels":[{"title":"P","libraryPanel":{"uid":"x","name":"X"}},{"title":"Q","type":"library-panel-ref"}]}`, nil},
	})
}
