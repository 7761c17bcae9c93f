package lint

import "testing"

func TestVariableRefresh(t *testing.T) {
	testRule(t, variableRefresh(), Context{}, []ruleCase{
		{"on load, never", `{"title":"D","templating":{"list":[{"name":"a","type":"query","refresh":1},{"name":"b","type":"query","refresh":false},{"name":"c","type":"custom"}]}}`, []string{`variable a: does not reload when the time range changes: set refresh to 2`, `variable b: does not reload when the time range changes: set refresh to 2`}},
		{"on change", `{"title":"D","templating":{"list":[{"name":"a","type":"query","refresh":2}]}}`, []string{}},
	})
}
