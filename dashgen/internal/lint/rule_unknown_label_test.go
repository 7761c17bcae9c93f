package lint

import "testing"

func TestUnknownLabel(t *testing.T) {
	testRule(t, unknownLabel(), Context{}, []ruleCase{
		{"matched and grouped", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "sum by (colour) (rate(moodring_predictions_total{modell=\"m\"}[5m]))"}]}]}`, []string{`panel "P": uses the label modell, which moodring_predictions_total does not have`, `panel "P": uses the label colour, which moodring_predictions_total does not have`}},
		{"le of a counter", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "sum by (le) (moodring_predictions_total)"}]}]}`, []string{`panel "P": uses the label le, which moodring_predictions_total does not have`}},
		{"of the contract, of scraping, of recordings, of others", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "sum by (le, namespace) (rate(moodring_prediction_confidence_bucket{job=\"x\",model=\"m\"}[5m])) + max by (version) (moodring:label_drift:psi) + sum by (colour) (other)"}]}]}`, []string{}},
		{"of any alert", panelOf(`ALERTS{severity="critical",team="x"} + ALERTS_FOR_STATE{foo="x"}`), nil},
	})
}
