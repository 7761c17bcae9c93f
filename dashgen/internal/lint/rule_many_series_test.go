package lint

import "testing"

func TestManySeries(t *testing.T) {
	testRule(t, manySeries(), Context{}, []ruleCase{
		{"all of them", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "rate(moodring_predictions_total[5m]) + http_request_duration_seconds_bucket"}]}]}`, []string{`panel "P": draws every series of moodring_predictions_total: aggregate them, as with sum by (model)`, `panel "P": draws every series of http_request_duration_seconds_bucket: aggregate them, as with sum by (model)`}},
		{"added up, pinned, few", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "sum by (label) (rate(moodring_predictions_total[5m])) + moodring_predictions_total{namespace=\"n\",service=\"s\",model=\"m\",version=\"2\"} + moodring_exporter_target_up + moodring:label_share:ratio"}]}]}`, []string{}},
		{"a filter", `{"title":"D","panels":[{"title":"P","type":"timeseries","targets":[{"expr":"sum by (model) (x) unless on (model) (rate(moodring_predictions_total[5m]) > 0)"}]}]}`, []string{}},
		{"the filtered series", `{"title":"D","panels":[{"title":"P","type":"timeseries","targets":[{"expr":"moodring_predictions_total and on (model) x"}]}]}`, []string{`panel "P": draws every series of moodring_predictions_total: aggregate them, as with sum by (model)`}},
	})
}
