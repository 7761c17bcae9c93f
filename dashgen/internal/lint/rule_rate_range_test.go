package lint

import "testing"

func TestRateRange(t *testing.T) {
	look(t, rateRange(), Context{}, []sight{
		{"fixed", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "rate(a_total[5m])"}]}]}`, []string{`panel "P": takes rate over a range of its own: use $__rate_interval: rate(a_total[5m])`}},
		{"interval", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "sum(irate(a_total[$__interval]))"}]}]}`, []string{`panel "P": takes irate over a range of its own: use $__rate_interval: sum(irate(a_total[$__interval]))`}},
		{"as it should be, increase over a day, a single value", `{"title": "D", "panels": [{"title": "P", "type": "timeseries", "targets": [{"expr": "rate(a_total[$__rate_interval]) + increase(a_total[1d])"}]}]}`, []string{}},
		{"one value", `{"title": "D", "panels": [{"title": "P", "type": "stat", "targets": [{"expr": "rate(a_total[1d])"}]}]}`, []string{}},
	})
}
