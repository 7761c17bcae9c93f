package lint

import (
	"testing"

	"github.com/moodring/moodring/contract"
)

func TestUnknownMetric(t *testing.T) {
	look(t, unknownMetric(), Context{}, []sight{
		{"renamed", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "moodring_answers_total + moodring:drift"}]}]}`, []string{`panel "P": asks for moodring_answers_total, which is not in the contract`, `panel "P": asks for moodring:drift, which is not in the contract`}},
		{"of the contract, recorded, of others", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "moodring_predictions_total + moodring_prediction_confidence_bucket + moodring:label_drift:psi + other_total"}]}]}`, []string{}},
		{"a part that a counter has not", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "moodring_predictions_total_bucket"}]}]}`, []string{`panel "P": asks for moodring_predictions_total_bucket, which is not in the contract`}},
	})
}

func TestUnknownMetricOfAPrometheus(t *testing.T) {
	there := Context{Types: map[string]contract.Type{"there_seconds": contract.Histogram}}
	look(t, unknownMetric(), there, []sight{
		{"one there, one not", `{"title":"D","panels":[{"title":"P","targets":[{"expr":"there_seconds_bucket + gone_total + up + a:recorded"}]}]}`,
			[]string{`panel "P": asks for gone_total, which is not there`}},
	})
}
