package lint

import "testing"

func TestRateOfAggregate(t *testing.T) {
	testRule(t, rateOfAggregate(), Context{}, []ruleCase{
		{"rate of a sum", panelOf(`rate(sum(a_total)[5m:])`), []string{`panel "P": takes rate of an aggregate of a_total: aggregate the rate instead`}},
		{"increase of a maximum, in a sum", panelOf(`sum(increase(max by (job) (a_total)[1h:1m]))`), []string{`panel "P": takes increase of an aggregate of a_total: aggregate the increase instead`}},
		{"sum of a rate", panelOf(`sum(rate(a_total[5m]))`), nil},
		{"greatest of a sum of rates", panelOf(`max_over_time(sum(rate(a_total[5m]))[1h:])`), nil},
		{"rate of a subquery without an aggregate", panelOf(`rate(a_total[5m:1m])`), nil},
	})
}
