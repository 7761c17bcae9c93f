package lint

import "testing"

func TestJob(t *testing.T) {
	testRule(t, job(), Context{}, []ruleCase{
		{"others' metrics", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up"}]}]}`, []string{`dashboard: no variable job chooses the source of the metrics`, `panel "P": queries up of every job: match job=~"$job"`}},
		{"ours", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "moodring_exporter_target_up"}]}]}`, []string{}},
		{"chosen", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up{job=~\"$job\"}"}]}],"templating":{"list":[{"name":"job"}]}}`, []string{}},
	})
}
