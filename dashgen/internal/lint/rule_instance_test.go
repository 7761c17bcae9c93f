package lint

import "testing"

func TestInstance(t *testing.T) {
	testRule(t, instance(), Context{}, []ruleCase{
		{"others' metrics", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up{job=\"x\"}"}]}]}`, []string{`dashboard: no variable instance chooses the source of the metrics`, `panel "P": queries up of every instance: match instance=~"$instance"`}},
		{"ours", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "moodring:label_drift:psi"}]}]}`, []string{}},
	})
}
