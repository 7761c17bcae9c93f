package lint

import "testing"

func TestPromQL(t *testing.T) {
	testRule(t, promQL(), Context{}, []ruleCase{
		{"not closed", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "sum(up"}]}]}`, []string{`panel "P": 1:7: parse error: unclosed left parenthesis: sum(up`}},
		{"variables of all kinds", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "topk($n, sum by ($by) (rate(a_total{x=~\"$v\",y=\"[[w]]\",z=\"${u:regex}\"}[$__rate_interval])) ) > $__interval_ms and rate(b[$step])"}]}],"templating":{"list":[{"name":"n","type":"custom","current":{"value":"5"}},{"name":"step","type":"interval"}]}}`, []string{}},
		{"an annotation of today's Grafana", `{"title": "D", "annotations": {"list": [{"name": "A", "target": {"expr": "sum("}}]}}`, []string{"annotation A: 1:5: parse error: unclosed left parenthesis: sum("}},
	})
}
