package lint

import "testing"

func TestRateRange(t *testing.T) {
	testRule(t, rateRange(), Context{}, []ruleCase{
		{"fixed", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "rate(a_total[5m])"}]}]}`, []string{`panel "P": takes rate over a fixed range: use $__rate_interval: rate(a_total[5m])`}},
		{"interval", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "sum(irate(a_total[$__interval]))"}]}]}`, []string{`panel "P": takes irate over a fixed range: use $__rate_interval: sum(irate(a_total[$__interval]))`}},
		{"the interval, and increase over a day", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "rate(a_total[$__rate_interval]) + increase(a_total[1d])"}]}]}`, []string{}},
		{"one value", `{"title": "D", "panels": [{"title": "P", "type": "stat", "targets": [{"expr": "rate(a_total[1d])"}]}]}`, []string{}},
		{"a multiple of the interval", panelOf(`rate(a_total[$__rate_interval * 2])`), nil},
		{"a variable of the dashboard", panelOf(`rate(a_total[$step]) + rate(a_total[${step}]) + rate(a_total[[[step]]])`), nil},
	})
}
