package lint

import "testing"

func TestPanelID(t *testing.T) {
	testRule(t, panelID(), Context{}, []ruleCase{
		{"twice", `{"title":"D","panels":[{"id":1,"title":"A"},{"id":1,"title":"B"},{"title":"C"},{"title":"E"}]}`, []string{`panel "B": has the id 1, as has panel "A"`}},
		{"once", `{"title":"D","panels":[{"id":1},{"id":2}]}`, []string{}},
	})
}
