package lint

import (
	"fmt"
	"testing"
)

func TestPromQL(t *testing.T) {
	testRule(t, promQL(), Context{}, []ruleCase{
		{"not closed", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "sum(up"}]}]}`, []string{`panel "P": 1:7: parse error: unclosed left parenthesis: sum(up`}},
		{"variables of all kinds", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "topk($n, sum by ($by) (rate(a_total{x=~\"$v\",y=\"[[w]]\",z=\"${u:regex}\"}[$__rate_interval])) ) > $__interval_ms and rate(b[$step])"}]}],"templating":{"list":[{"name":"n","type":"custom","current":{"value":"5"}},{"name":"step","type":"interval"}]}}`, []string{}},
		{"an annotation of today's Grafana", `{"title": "D", "annotations": {"list": [{"name": "A", "target": {"expr": "sum("}}]}}`, []string{"annotation A: 1:5: parse error: unclosed left parenthesis: sum("}},
		{"an unknown function", panelOf(`rat(requests_total[5m])`), []string{`panel "P": 1:1: parse error: unknown function with name "rat": rat(requests_total[5m])`}},
		{"variables without values", panelOf(`topk($n, sum by ($by) (rate(node_${x}_total[$step]))) > ${least} offset $ago`), nil},
		{"variables for matchers", panelOf(`sum(a_total{job="x",${filters}}) + up{$filters} + up{a="b", $filters, c="d"}`), nil},
		{"variables for operators", panelOf(`up{job${op}"x"} $compare 1 and up${op2}1`), nil},
		{"variables for functions", panelOf(`$agg by (job) (rate(a_total[5m])) + $agg(up) + sum(${growth}(a_total[5m]))`), nil},
		{"features behind flags", panelOf(`rate(a_total[5m + 30s]) + rate(a_total[5m] smoothed)`), nil},
		{"a type of the query", target(`{"type":"loki","uid":"${loki}"}`, `null`, `sum(rate({app="x"} |= "e" [5m]))`, ``), nil},
		{"a type of the panel", target(`null`, `{"type":"victoriametrics-logs-datasource","uid":"x"}`, `_time:5m error | stats count()`, ``), nil},
		{"a variable of another type", target(`null`, `"$logs"`, `{app="x"} | json`, `{"name":"logs","type":"datasource","query":"loki"}`), nil},
		{"a variable against the type", target(`null`, `{"type":"prometheus","uid":"${logs}"}`, `{app="x"} | json`, `{"name":"logs","type":"datasource","query":"loki"}`), nil},
		{"an input of another type", `{"title":"D","__inputs":[{"name":"DS_X","type":"datasource","pluginId":"loki"}],"panels":[{"title":"P","datasource":"${DS_X}","targets":[{"expr":"{app=\"x\"} |= \"e\""}]}]}`, nil},
		{"the name of a data source", target(`null`, `"Loki"`, `{app="x"} | json`, ``), nil},
		{"LogQL of the default data source", target(`null`, `null`, `count_over_time({app="x"} |~ "e" [5m])`, ``), nil},
		{"MetricsQL", target(`null`, `{"type":"victoriametrics-metrics-datasource","uid":"x"}`, `rate(a_total) keep_metric_names default 0`, ``), nil},
		{"MetricsQL in a data source of type prometheus", target(`null`, `"$ds"`, `rate(a_total) default 0`, `{"name":"ds","type":"datasource","query":"prometheus","current":{"text":"VictoriaMetrics","value":"x"}}`), nil},
		{"PromQL beside LogQL", `{"title":"D","panels":[{"title":"P","datasource":{"uid":"-- Mixed --"},"targets":[{"datasource":{"type":"loki"},"expr":"{a=\"b\"} | json"},{"datasource":{"type":"prometheus"},"expr":"sum(up"}]}]}`, []string{`panel "P": 1:7: parse error: unclosed left parenthesis: sum(up`}},
		{"an annotation of Loki", `{"title":"D","annotations":{"list":[{"name":"A","datasource":{"type":"loki","uid":"x"},"expr":"{a=\"b\"} | json"}]}}`, nil},
	})
}

// target returns a dashboard with one query, whose data source is that of the
// target or of the panel, and a variable.
func target(ofTarget, ofPanel, expr, variable string) string {
	return fmt.Sprintf(`{"title":"D","panels":[{"title":"P","type":"timeseries","datasource":%s,"targets":[{"datasource":%s,"expr":%q}]}],"templating":{"list":[%s]}}`, ofPanel, ofTarget, expr, variable)
}
