package lint

import "testing"

func TestUnknownVariable(t *testing.T) {
	testRule(t, unknownVariable(), Context{}, []ruleCase{
		{"unknown", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up{job=~\"$job\",x=\"${y:regex}\"}"}]}]}`, []string{`panel "P": uses the variable $job, which the dashboard does not define`, `panel "P": uses the variable ${y:regex}, which the dashboard does not define`}},
		{"known, built in, a group", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "label_replace(rate(up{job=~\"$job\"}[$__rate_interval]), \"a\", \"$1\", \"b\", \"(.*)\")"}]}],"templating":{"list":[{"name":"job"}]}}`, []string{}},
		{"in titles, legends, repeats and variables", `{"title":"D","panels":[{"type":"row","title":"$row","repeat":"rows"},{"title":"P","repeat":"each","targets":[{"legendFormat":"{{job}} $kind","expr":"up"}]}],"templating":{"list":[{"name":"v","type":"query","query":"label_values(up{a=\"$w\"}, b)"}]}}`, []string{
			`variable v: uses the variable $w, which the dashboard does not define`,
			`row "$row": uses the variable $row, which the dashboard does not define`,
			`row "$row": is repeated for the variable rows, which the dashboard does not define`,
			`panel "P": uses the variable $kind, which the dashboard does not define`,
			`panel "P": is repeated for the variable each, which the dashboard does not define`,
		}},
		{"money, and variables of Grafana", `{"title":"D","panels":[{"title":"Costs of $5k, ${__interval}"}]}`, nil},
		{"an input", `{"title":"D","__inputs":[{"name":"VAR_X","type":"constant"}],"panels":[{"title":"${VAR_X}"}]}`, nil},
	})
}
