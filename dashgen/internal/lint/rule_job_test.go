package lint

import "testing"

func TestJob(t *testing.T) {
	look(t, job(), Context{}, []sight{
		{"others' metrics", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up"}]}]}`, []string{`dashboard: no variable job chooses whose metrics are shown`, `panel "P": asks for up of every job: match job=~"$job"`}},
		{"ours", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "moodring_exporter_target_up"}]}]}`, []string{}},
		{"chosen", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up{job=~\"$job\"}"}]}],"templating":{"list":[{"name":"job"}]}}`, []string{}},
	})
}
