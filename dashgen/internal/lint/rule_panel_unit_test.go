package lint

import "testing"

func TestPanelUnit(t *testing.T) {
	testRule(t, panelUnit(), Context{}, []ruleCase{
		{"none", `{"title":"D","panels":[{"title":"P","type":"timeseries","targets":[{"expr":"up"}]}]}`, []string{`panel "P": has no unit: set fieldConfig.defaults.unit, to none for a plain number`}},
		{"unit, words, table", `{"title":"D","panels":[{"type":"stat","targets":[{}],"fieldConfig":{"defaults":{"unit":"none"}}},{"type":"stat","targets":[{}],"fieldConfig":{"defaults":{"mappings":[{"type":"value"}]}}},{"type":"table","targets":[{}]}]}`, []string{}},
	})
}
