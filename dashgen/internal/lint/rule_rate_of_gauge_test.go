package lint

import "testing"

func TestRateOfGauge(t *testing.T) {
	testRule(t, rateOfGauge(), Context{}, []ruleCase{
		{"of the contract", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "rate(moodring_exporter_target_up[5m])"}]}]}`, []string{`panel "P": takes rate of moodring_exporter_target_up, which is a gauge`}},
		{"by ending", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "increase(disk_used_ratio[5m])"}]}]}`, []string{`panel "P": takes increase of disk_used_ratio, which is a gauge`}},
		{"counters, and deriv of a gauge", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "rate(a_total[5m]) + deriv(disk_used_ratio[5m]) + rate(who_knows[5m])"}]}]}`, []string{}},
	})
}
