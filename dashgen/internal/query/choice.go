package query

import (
	"fmt"
	"slices"
)

// Choice is what a dashboard's variable offers: the values a label of a metric
// has, narrowed by the variables before it.
type Choice struct{ Metric, Label string }

// Grafana returns the variable's query, in the words of Grafana's Prometheus
// data source; it is no PromQL.
func (c Choice) Grafana() string {
	return "label_values(" + c.series(Grafana()) + ", " + c.Label + ")"
}

// Text returns PromQL that has one series for each value on offer.
func (c Choice) Text(v Values) string {
	return "group by (" + c.Label + ") (" + c.series(v) + ")"
}

// Err says what in c is not in the contract.
func (c Choice) Err() error {
	_, err := find(c.Metric)
	if err == nil && !slices.Contains(labelsOf(c.Metric), c.Label) {
		err = fmt.Errorf("%s has no label %s", c.Metric, c.Label)
	}
	if err == nil && !slices.Contains(Scope(), c.Label) {
		err = fmt.Errorf("label %s is not in the scope of queries: choosing it would change nothing", c.Label)
	}
	return err
}

func (c Choice) series(v Values) string {
	before := map[string]string{}
	for _, label := range Scope()[:max(0, slices.Index(Scope(), c.Label))] {
		if value, ok := v.Match[label]; ok {
			before[label] = value
		}
	}
	return c.Metric + matchers(labelsOf(c.Metric), before, nil)
}
