package lint

import (
	"testing"

	"github.com/moodring/moodring/contract"
)

func TestUnknownMetric(t *testing.T) {
	testRule(t, unknownMetric(), Context{}, []ruleCase{
		{"renamed", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "moodring_answers_total + moodring:drift"}]}]}`, []string{`panel "P": queries moodring_answers_total, which is not in the contract`, `panel "P": queries moodring:drift, which is not in the contract`}},
		{"of the contract, recorded, of others", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "moodring_predictions_total + moodring_prediction_confidence_bucket + moodring:label_drift:psi + other_total"}]}]}`, []string{}},
		{"a part that a counter has not", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "moodring_predictions_total_bucket"}]}]}`, []string{`panel "P": queries moodring_predictions_total_bucket, which is not in the contract`}},
	})
}

func TestUnknownMetricOfAPrometheus(t *testing.T) {
	known := Context{Types: map[string]contract.Type{"there_seconds": contract.Histogram}}
	testRule(t, unknownMetric(), known, []ruleCase{
		{"one there, one not", `{"title":"D","panels":[{"title":"P","targets":[{"expr":"there_seconds_bucket + gone_total + up + a:recorded"}]}]}`,
			[]string{`panel "P": queries gone_total, which the source does not have`}},
	})
}
