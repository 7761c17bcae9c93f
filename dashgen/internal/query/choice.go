package query

import (
	"fmt"
	"slices"
)

// Choice is what a dashboard's variable offers: the values a label of a metric
// has, narrowed by the variables before it. The variable is named as the label.
type Choice struct {
	Metric, Label string
	// Of are the labels of a metric that is not of the contract.
	Of []string
	// One is whether one value is chosen, and not several or all.
	One bool
}

// Scope is the variables of a dashboard, each after those that narrow it.
type Scope []Choice

// Grafana returns values that leave the choice to the dashboard's variables.
// $__rate_interval is at least four scrape intervals, so that a rate never
// falls between two scrapes (Grafana's Prometheus data source, "template
// variables"). One value is matched as it is, as Grafana escapes only values
// of which there may be several.
func (s Scope) Grafana() Values {
	match := map[string]string{}
	for _, c := range s {
		operator := "=~"
		if c.One {
			operator = "="
		}
		match[c.Label] = operator + `"$` + c.Label + `"`
	}
	return Values{Match: match, RateInterval: "$__rate_interval"}
}

// Everything returns what Grafana puts in when all is chosen.
func (s Scope) Everything(rateInterval string) Values {
	match := map[string]string{}
	for _, c := range s {
		match[c.Label] = `=~"` + All + `"`
	}
	return Values{Match: match, RateInterval: rateInterval}
}

// Query returns the query of the variable at i in the words of Grafana's
// Prometheus data source; it is no PromQL.
func (s Scope) Query(i int) string {
	return "label_values(" + s.series(i, s.Grafana()) + ", " + s[i].Label + ")"
}

// Text returns PromQL that has one series for each value on offer at i.
func (s Scope) Text(i int, v Values) string {
	return "group by (" + s[i].Label + ") (" + s.series(i, v) + ")"
}

// Err says what in c is not in the contract.
func (c Choice) Err() error {
	if c.Of == nil {
		if _, err := find(c.Metric); err != nil {
			return err
		}
	}
	if !slices.Contains(c.labels(), c.Label) {
		return fmt.Errorf("%s has no label %s", c.Metric, c.Label)
	}
	return nil
}

func (c Choice) labels() []string {
	if c.Of != nil {
		return c.Of
	}
	return labelsOf(c.Metric)
}

func (s Scope) series(i int, v Values) string {
	before := map[string]string{}
	for _, c := range s[:i] {
		if value, ok := v.Match[c.Label]; ok {
			before[c.Label] = value
		}
	}
	return s[i].Metric + matchers(s[i].labels(), before, nil)
}
