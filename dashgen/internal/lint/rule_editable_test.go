package lint

import "testing"

func TestEditable(t *testing.T) {
	testRule(t, editable(), Context{}, []ruleCase{
		{"by default", `{"title":"D"}`, []string{`dashboard: is editable: set editable to false`}},
		{"by choice", `{"title":"D","editable":true}`, []string{`dashboard: is editable: set editable to false`}},
		{"not", `{"title":"D","editable":false}`, []string{}},
	})
}
