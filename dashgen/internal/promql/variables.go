package promql

import (
	"fmt"
	"slices"
)

// Variable is what a dashboard's variable offers: the values a label of a metric
// has, narrowed by the variables before it. The variable is named as the label.
type Variable struct {
	// Title is the name that Grafana shows.
	Title         string
	Metric, Label string
	// Part is which part of each value is offered; all of it when not given.
	Part Part
	// Labels are the labels of Metric. They are only needed if the contract does not have the metric.
	Labels []string
	// Single is true if one value is selected at a time, and not several or all.
	Single bool
}

// Part is a part of a value that is NAMESPACE/NAME, or NAME alone. A board that
// has both has the namespace first.
type Part string

// Parts.
const (
	Namespace Part = "namespace"
	Name      Part = "name"
)

// Name is the name of the variable.
func (c Variable) Name() string {
	if c.Part == Namespace {
		return string(Namespace)
	}
	return c.Label
}

// AllValue is the regular expression for every value, or for that part of it. A
// namespace keeps its slash, as a name may stand without one.
func (c Variable) AllValue() string {
	if c.Part == Namespace {
		return "([^/]+/)?"
	}
	return All
}

// Regex is how Grafana takes the part out of a value, what it shows and what it
// fills in; empty for all of it.
func (c Variable) Regex() string {
	switch c.Part {
	case Namespace:
		return `/^(?<value>(?<text>[^\/]+)\/)/`
	case Name:
		return `/^(?:[^\/]+\/)?(.+)$/`
	}
	return ""
}

// Variables is the variables of a dashboard, each after those that narrow it.
type Variables []Variable

// Grafana returns values that leave the choice to the dashboard's variables.
// $__rate_interval is at least four scrape intervals, so that a rate never
// falls between two scrapes (Grafana's Prometheus data source, "template
// variables"). One value is matched as it is, as Grafana escapes only values
// of which there may be several.
func (s Variables) Grafana() Values {
	match := s.match(func(c Variable) string { return "$" + c.Name() })
	for _, c := range s {
		if c.Single {
			match[c.Label] = `="$` + c.Label + `"`
		}
	}
	return Values{Match: match, RateInterval: "$__rate_interval"}
}

// AllSelected returns what Grafana puts in when all is chosen.
func (s Variables) AllSelected(rateInterval string) Values {
	return Values{Match: s.match(Variable.AllValue), RateInterval: rateInterval}
}

// match has the parts of a label's values one after the other, and anything
// after a namespace alone.
func (s Variables) match(chosen func(Variable) string) map[string]string {
	patterns := map[string]string{}
	for i, c := range s {
		patterns[c.Label] += chosen(c)
		if c.Part == Namespace && !slices.ContainsFunc(s[i:], func(d Variable) bool { return d.Label == c.Label && d.Part == Name }) {
			patterns[c.Label] += All
		}
	}
	for label, pattern := range patterns {
		patterns[label] = `=~"` + pattern + `"`
	}
	return patterns
}

// Query returns the query of the variable at i in the words of Grafana's
// Prometheus data source; it is no PromQL.
func (s Variables) Query(i int) string {
	return "label_values(" + s.series(i, s[:i].Grafana()) + ", " + s[i].Label + ")"
}

// Text returns PromQL that has one series for each value on offer at i.
func (s Variables) Text(i int, v Values) string {
	return "group by (" + s[i].Label + ") (" + s.series(i, v) + ")"
}

// Err says what in c is not in the contract.
func (c Variable) Err() error {
	if c.Labels == nil {
		if _, err := find(c.Metric); err != nil {
			return err
		}
	}
	if !slices.Contains(c.labels(), c.Label) {
		return fmt.Errorf("%s has no label %s", c.Metric, c.Label)
	}
	return nil
}

func (c Variable) labels() []string {
	if c.Labels != nil {
		return c.Labels
	}
	return labelsOf(c.Metric)
}

func (s Variables) series(i int, v Values) string {
	before := map[string]string{}
	for _, c := range s[:i] {
		if value, ok := v.Match[c.Label]; ok {
			before[c.Label] = value
		}
	}
	return s[i].Metric + matchers(s[i].labels(), before, nil)
}
