package lint

import "testing"

func TestVariableQuery(t *testing.T) {
	testRule(t, variableQuery(), Context{}, []ruleCase{
		{"no such function", `{"title":"D","templating":{"list":[{"name":"v","type":"query","query":"values(up)"}]}}`, []string{`variable v: has the query "values(up)": use label_values(metric, label)`}},
		{"no PromQL", `{"title":"D","templating":{"list":[{"name":"v","type":"query","query":{"query":"label_values(up{, job)"}}]}}`, []string{`variable v: 1:4: parse error: unexpected end of input inside braces: up{`}},
		{"as Grafana has them", `{"title":"D","templating":{"list":[{"name":"v","type":"query","query":{"query":"label_values(up{job=~\"$job\"}, instance)","refId":"A"}}]}}`, []string{}},
		{"a label of any metric", `{"title":"D","templating":{"list":[{"name":"v","type":"query","query":"label_values(job)"}]}}`, []string{}},
		{"metrics by name", `{"title":"D","templating":{"list":[{"name":"v","type":"query","query":"metrics(moodring.*)"}]}}`, []string{}},
		{"of Loki", `{"title":"D","templating":{"list":[{"name":"v","type":"query","datasource":{"type":"loki","uid":"x"},"query":{"label":"app","type":1}},{"name":"w","type":"query","datasource":"Postgres","query":"SELECT 1"}]}}`, nil},
		{"a selector", `{"title":"D","templating":{"list":[{"name":"v","type":"query","query":"up{job=~\"$job\"}"}]}}`, nil},
	})
}
