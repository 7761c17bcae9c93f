package lint

import (
	"testing"

	"github.com/moodring/moodring/contract"
)

func TestRawCounter(t *testing.T) {
	testRule(t, rawCounter(), Context{}, []ruleCase{
		{"by ending", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "sum(http_requests_total)"}]}]}`, []string{`panel "P": draws the counter http_requests_total raw: put it in rate(...[$__rate_interval])`}},
		{"of the contract", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "histogram_quantile(0.5, moodring_prediction_confidence_bucket)"}]}]}`, []string{`panel "P": draws the counter moodring_prediction_confidence_bucket raw: put it in rate(...[$__rate_interval])`}},
		{"a plain counter of the plugin", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "joy"}]}]}`, []string{`panel "P": draws the counter joy raw: put it in rate(...[$__rate_interval])`}},
		{"grows", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "sum(rate(http_requests_total[5m])) + increase(joy[1h])"}]}]}`, []string{}},
		{"a gauge", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "go_goroutines + up"}]}]}`, []string{}},
		{"a total in a panel of one value", `{"title": "D", "panels": [{"title": "P", "type": "stat", "targets": [{"expr": "sum(http_requests_total)"}]}]}`, []string{}},
	})
}

// TestRawCounterOfKnownType checks that Prometheus's metadata overrides the name.
func TestRawCounterOfKnownType(t *testing.T) {
	known := Context{Types: map[string]contract.Type{"frobs": contract.Gauge, "frob_things": contract.Counter}}
	testRule(t, rawCounter(), known, []ruleCase{
		{"gauge of one word", `{"title":"D","panels":[{"title":"P","type":"timeseries","targets":[{"expr":"frobs"}]}]}`, nil},
		{"counter without an ending", `{"title":"D","panels":[{"title":"P","type":"timeseries","targets":[{"expr":"frob_things"}]}]}`,
			[]string{`panel "P": draws the counter frob_things raw: put it in rate(...[$__rate_interval])`}},
	})
}
