package lint

import (
	"fmt"
	"strings"
	"testing"
)

func TestVariableCircle(t *testing.T) {
	testRule(t, variableCircle(), Context{}, []ruleCase{
		{"of two", `{"title":"D","templating":{"list":[{"name":"a","type":"query","query":"label_values(up{x=\"$b\"}, a)"},{"name":"b","type":"query","query":{"query":"label_values(up{x=\"${a:regex}\"}, b)"}}]}}`, []string{`variable a: depends on itself: a needs b needs a`}},
		{"of one", `{"title":"D","templating":{"list":[{"name":"a","type":"query","query":"label_values(up{x=\"$a\"}, a)"}]}}`, []string{`variable a: depends on itself: a needs a`}},
		{"a chain into a circle", `{"title":"D","templating":{"list":[{"name":"a","query":"$b"},{"name":"b","query":"$c"},{"name":"c","query":"$b"}]}}`, []string{`variable b: depends on itself: b needs c needs b`}},
		{"a chain", `{"title":"D","templating":{"list":[{"name":"ds","type":"datasource","query":"prometheus"},{"name":"a","type":"query","datasource":{"uid":"$ds"},"query":"label_values(up, a)"},{"name":"b","type":"query","query":"label_values(up{a=\"$a\"}, b)"},{"name":"c","type":"query","query":"label_values(up{a=\"$a\",b=\"$b\"}, c)"}]}}`, nil},
	})
}

// Each of many variables may need all variables before it.
func TestVariableCircleOfManyVariables(t *testing.T) {
	var list []string
	before := ""
	for i := range 60 {
		list = append(list, fmt.Sprintf(`{"name":"v%d","type":"query","query":"label_values(up{%s}, x)"}`, i, before))
		before += fmt.Sprintf("l%d=~'$v%d',", i, i)
	}
	testRule(t, variableCircle(), Context{}, []ruleCase{{"a chain", `{"title":"D","templating":{"list":[` + strings.Join(list, ",") + `]}}`, nil}})
}
