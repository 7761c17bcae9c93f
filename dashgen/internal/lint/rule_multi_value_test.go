package lint

import "testing"

func TestMultiValue(t *testing.T) {
	const job = `"templating":{"list":[{"name":"job","type":"query","query":"label_values(up, job)","multi":true},{"name":"all","type":"custom","includeAll":true},{"name":"one","type":"query","query":"label_values(up, job)"}]}`
	testRule(t, multiValue(), Context{}, []ruleCase{
		{"equals", `{"title":"D","panels":[{"title":"P","targets":[{"expr":"up{job=\"$job\",x!=\"${all}\"}"}]}],` + job + `}`, []string{`panel "P": matches job="$job", and the variable job can have several values: use =~`, `panel "P": matches x!="${all}", and the variable all can have several values: use !~`}},
		{"in a variable's query", `{"title":"D","templating":{"list":[{"name":"a","type":"query","multi":true,"query":"label_values(up, a)"},{"name":"b","type":"query","query":"label_values(up{a=\"$a\"}, b)"}]}}`, []string{`variable b: matches a="$a", and the variable a can have several values: use =~`}},
		{"matches, or one value", `{"title":"D","panels":[{"title":"P","targets":[{"expr":"up{job=~\"$job\",y!~\"$all\",x=\"$one\"}"}]}],` + job + `}`, nil},
		{"repeated for each value", `{"title":"D","panels":[{"title":"P","repeat":"job","targets":[{"expr":"up{job=\"$job\"}"}]},{"type":"row","repeat":"all"},{"title":"Q","targets":[{"expr":"up{x=\"$all\"}"}]}],` + job + `}`, nil},
		{"repeated for another variable", `{"title":"D","panels":[{"title":"P","repeat":"all","targets":[{"expr":"up{job=\"$job\"}"}]}],` + job + `}`, []string{`panel "P": matches job="$job", and the variable job can have several values: use =~`}},
	})
}
