package promql

import (
	"fmt"
	"slices"
)

// Choice is what a dashboard's variable offers: the values a label of a metric
// has, narrowed by the variables before it. The variable is named as the label.
type Choice struct {
	Metric, Label string
	// Part is which part of each value is offered; all of it when not given.
	Part Part
	// Of are the labels of a metric that is not of the contract.
	Of []string
	// One is whether one value is chosen, and not several or all.
	One bool
}

// Part is a part of a value that is NAMESPACE/NAME, or NAME alone. A board that
// has both has the namespace first.
type Part string

// Parts.
const (
	Namespace Part = "namespace"
	Name      Part = "name"
)

// Variable is the name of the variable.
func (c Choice) Variable() string {
	if c.Part == Namespace {
		return string(Namespace)
	}
	return c.Label
}

// All is the regular expression for every value, or for that part of it. A
// namespace keeps its slash, as a name may stand without one.
func (c Choice) All() string {
	if c.Part == Namespace {
		return "([^/]+/)?"
	}
	return All
}

// Regex is how Grafana takes the part out of a value, what it shows and what it
// fills in; empty for all of it.
func (c Choice) Regex() string {
	switch c.Part {
	case Namespace:
		return `/^(?<value>(?<text>[^\/]+)\/)/`
	case Name:
		return `/^(?:[^\/]+\/)?(.+)$/`
	}
	return ""
}

// Scope is the variables of a dashboard, each after those that narrow it.
type Scope []Choice

// Grafana returns values that leave the choice to the dashboard's variables.
// $__rate_interval is at least four scrape intervals, so that a rate never
// falls between two scrapes (Grafana's Prometheus data source, "template
// variables"). One value is matched as it is, as Grafana escapes only values
// of which there may be several.
func (s Scope) Grafana() Values {
	match := s.match(func(c Choice) string { return "$" + c.Variable() })
	for _, c := range s {
		if c.One {
			match[c.Label] = `="$` + c.Label + `"`
		}
	}
	return Values{Match: match, RateInterval: "$__rate_interval"}
}

// Everything returns what Grafana puts in when all is chosen.
func (s Scope) Everything(rateInterval string) Values {
	return Values{Match: s.match(Choice.All), RateInterval: rateInterval}
}

// match has the parts of a label's values one after the other, and anything
// after a namespace alone.
func (s Scope) match(chosen func(Choice) string) map[string]string {
	patterns := map[string]string{}
	for i, c := range s {
		patterns[c.Label] += chosen(c)
		if c.Part == Namespace && !slices.ContainsFunc(s[i:], func(d Choice) bool { return d.Label == c.Label && d.Part == Name }) {
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
func (s Scope) Query(i int) string {
	return "label_values(" + s.series(i, s[:i].Grafana()) + ", " + s[i].Label + ")"
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
