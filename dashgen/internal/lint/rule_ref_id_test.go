package lint

import "testing"

func TestRefID(t *testing.T) {
	testRule(t, refID(), Context{}, []ruleCase{
		{"twice", `{"title":"D","panels":[{"title":"P","targets":[{"refId":"A","expr":"a"},{"refId":"B","expr":"b"},{"refId":"A","expr":"c"}]}]}`, []string{`panel "P": has two queries with the refId A`}},
		{"once in each panel, and missing", `{"title":"D","panels":[{"title":"P","targets":[{"refId":"A"},{},{}]},{"title":"Q","targets":[{"refId":"A"}]}]}`, nil},
	})
}
