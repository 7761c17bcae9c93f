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
		{"a count of series", panelOf(`count(node_cpu_seconds_total) + count by (x) (a_total) and group by (x) (b_total)`), nil},
		{"a filter", panelOf(`up unless a_total`), nil},
		{"gauges with the ending of a counter", panelOf(`asterisk_calls_count + envoy_cluster_membership_total + jobs_sum + docker_memory_total`), nil},
		{"a gauge in camel case, and a word", panelOf(`entSensorValue + temperature + load1`), nil},
		{"a limit of a variable", panelOf(`a_b > ${threshold}`), nil},
		{"the count of a histogram", panelOf(`a_seconds_count / rate(a_seconds_sum[5m])`), []string{`panel "P": draws the counter a_seconds_count raw: put it in rate(...[$__rate_interval])`}},
		{"a counter in a comparison", panelOf(`a_total > 5`), []string{`panel "P": draws the counter a_total raw: put it in rate(...[$__rate_interval])`}},
		{"growth by hand", panelOf(`delta(a_total[5m])`), nil},
		{"growth by an offset", panelOf(`a_total - a_total offset 1h + (sum(b_total) - sum(b_total offset 1d))`), nil},
		{"a difference of two counters", panelOf(`a_total - b_total offset 1h`), []string{
			`panel "P": draws the counter a_total raw: put it in rate(...[$__rate_interval])`, `panel "P": draws the counter b_total raw: put it in rate(...[$__rate_interval])`,
		}},
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
