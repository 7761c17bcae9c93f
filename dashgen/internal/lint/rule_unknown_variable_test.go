package lint

import "testing"

func TestUnknownVariable(t *testing.T) {
	testRule(t, unknownVariable(), Context{}, []ruleCase{
		{"unknown", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up{job=~\"$job\",x=\"${y:regex}\"}"}]}]}`, []string{`panel "P": uses the variable $job, which the dashboard does not define`, `panel "P": uses the variable ${y:regex}, which the dashboard does not define`}},
		{"known, built in, a group", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "label_replace(rate(up{job=~\"$job\"}[$__rate_interval]), \"a\", \"$1\", \"b\", \"(.*)\")"}]}],"templating":{"list":[{"name":"job"}]}}`, []string{}},
	})
}
