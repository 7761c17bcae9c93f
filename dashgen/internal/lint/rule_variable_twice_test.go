package lint

import "testing"

func TestVariableTwice(t *testing.T) {
	testRule(t, variableTwice(), Context{}, []ruleCase{
		{"twice", `{"title":"D","templating":{"list":[{"name":"job"},{"name":"pod"},{"name":"job"}]}}`, []string{`variable job: is defined twice`}},
		{"once", `{"title":"D","templating":{"list":[{"name":"job"},{"name":"pod"}]}}`, nil},
	})
}
