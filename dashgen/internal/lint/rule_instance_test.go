package lint

import "testing"

func TestInstance(t *testing.T) {
	look(t, instance(), Context{}, []sight{
		{"others' metrics", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "up{job=\"x\"}"}]}]}`, []string{`dashboard: no variable instance chooses whose metrics are shown`, `panel "P": asks for up of every instance: match instance=~"$instance"`}},
		{"ours", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "moodring:label_drift:psi"}]}]}`, []string{}},
	})
}
