package lint

import (
	"fmt"
	"testing"
)

func TestUnitMismatch(t *testing.T) {
	in := func(unit, expr string) string {
		return fmt.Sprintf(`{"title":"D","panels":[{"title":"P","type":"timeseries","fieldConfig":{"defaults":{"unit":%q}},"targets":[{"refId":"A","expr":%q}]}]}`, unit, expr)
	}
	testRule(t, unitMismatch(), Context{}, []ruleCase{
		{"a gauge", in("ms", `max by (job) (scrape_duration_seconds)`), []string{`panel "P": has the unit ms, and scrape_duration_seconds needs s`}},
		{"a quantile", in("ms", `histogram_quantile(0.9, sum by (le) (rate(a_seconds_bucket[5m])))`), []string{`panel "P": has the unit ms, and a_seconds_bucket needs s`}},
		{"a mean", in("ms", `sum(rate(a_seconds_sum[5m])) / sum(rate(a_seconds_count[5m]))`), []string{`panel "P": has the unit ms, and a_seconds_sum needs s`}},
		{"bytes of time", in("s", `a_bytes`), []string{`panel "P": has the unit s, and a_bytes needs bytes`}},
		{"a share of 1 as percent", in("percent", `a_ratio > 0.5`), []string{`panel "P": has the unit percent, and a_ratio needs percentunit`}},
		{"an old panel", `{"title":"D","panels":[{"title":"P","type":"graph","yaxes":[{"format":"ms"},{"format":"short"}],"targets":[{"expr":"a_seconds"}]}]}`, []string{`panel "P": has the unit ms, and a_seconds needs s`}},
		{"as its name says", in("s", `a_seconds`), nil},
		{"calculated", in("ms", `a_seconds * 1000`), nil},
		{"a rate", in("percentunit", `rate(node_cpu_seconds_total[5m])`), nil},
		{"numbers of values", in("s", `sum by (le) (increase(a_bytes_bucket[5m]))`), nil},
		{"how many", in("none", `count(a_seconds)`), nil},
		{"a unit without a scale", in("short", `a_seconds`), nil},
		{"another query's unit", `{"title":"D","panels":[{"title":"P","fieldConfig":{"defaults":{"unit":"ms"},"overrides":[{"properties":[{"id":"unit"}]}]},"targets":[{"expr":"a_seconds"}]}]}`, nil},
	})
}
