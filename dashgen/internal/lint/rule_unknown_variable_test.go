package lint

import "testing"

func TestUnknownVariable(t *testing.T) {
	look(t, unknownVariable(), Context{}, []sight{
		{"unknown", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up{job=~\"$job\",x=\"${y:regex}\"}"}]}]}`, []string{`panel "P": names the variable $job, which the dashboard lacks`, `panel "P": names the variable ${y:regex}, which the dashboard lacks`}},
		{"known, built in, a group", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "label_replace(rate(up{job=~\"$job\"}[$__rate_interval]), \"a\", \"$1\", \"b\", \"(.*)\")"}]}],"templating":{"list":[{"name":"job"}]}}`, []string{}},
	})
}
