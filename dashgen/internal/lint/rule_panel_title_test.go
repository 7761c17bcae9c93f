package lint

import "testing"

func TestPanelTitle(t *testing.T) {
	testRule(t, panelTitle(), Context{}, []ruleCase{
		{"neither", `{"title":"D","panels":[{"id":7,"type":"stat"},{"type":"text"},{"type":"row","panels":[{"id":8,"type":"stat","title":"T"}]}]}`, []string{`panel 7: has no title`, `panel 7: has no description`, `panel "T": has no description`}},
		{"both", `{"title":"D","panels":[{"type":"stat","title":"T","description":"D"}]}`, []string{}},
	})
}
