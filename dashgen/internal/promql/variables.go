package promql

import (
	"fmt"
	"slices"
)

// Variable is a variable of a dashboard. It offers the values of a metric's label,
// narrowed by the variables before it.
type Variable struct {
	// Title is the name that Grafana shows.
	Title         string
	Metric, Label string
	// Part is the part of each value that the variable offers. If empty, it offers
	// whole values.
	Part Part
	// Labels are the labels of Metric. They are only needed if the contract does
	// not have the metric.
	Labels []string
	// Single is true if one value is selected at a time, and not several or all.
	Single bool
}

// Part is a part of a value that is NAMESPACE/NAME, or NAME alone. If a dashboard
// has variables for both parts, the variable for the namespace comes first.
type Part string

// Parts.
const (
	Namespace Part = "namespace"
	Name      Part = "name"
)

// Name returns the variable's name in queries.
func (v Variable) Name() string {
	if v.Part == Namespace {
		return v.Label + "_" + string(Namespace)
	}
	return v.Label
}

// AllValue returns the regular expression for every value, or for every value of
// the part. The expression for a namespace includes the slash, because a name may
// have no namespace.
func (v Variable) AllValue() string {
	if v.Part == Namespace {
		return "([^/]+/)?"
	}
	return All
}

// Regex returns the regular expression with which Grafana takes the part out of a
// value. It is empty for whole values. The group text is shown, and the group value
// is put into queries.
func (v Variable) Regex() string {
	switch v.Part {
	case Namespace:
		return `/^(?<value>(?<text>[^\/]+)\/)/`
	case Name:
		return `/^(?:[^\/]+\/)?(.+)$/`
	}
	return ""
}

// WindowVariable is the name of the variable that chooses Values.Smoothing.
const WindowVariable = "window"

// Variables are the variables of a dashboard. Each may be narrowed by the variables
// before it.
type Variables []Variable

// Grafana returns the values for a dashboard's queries, which contain the variables
// themselves. $__rate_interval is at least four scrape intervals, so that a rate
// always has two samples (Grafana's Prometheus data source, "template variables").
// A single value needs the matcher =, because Grafana only escapes values of
// variables that can have several.
func (vs Variables) Grafana() Values {
	match := vs.match(func(v Variable) string { return "$" + v.Name() })
	for _, v := range vs {
		if v.Single {
			match[v.Label] = `="$` + v.Label + `"`
		}
	}
	return Values{Match: match, RateInterval: "$__rate_interval", Smoothing: "$" + WindowVariable, Range: "$__range"}
}

// AllSelected returns the values that Grafana puts into queries if all values are
// selected.
func (vs Variables) AllSelected(rateInterval string) Values {
	return Values{Match: vs.match(Variable.AllValue), RateInterval: rateInterval, Smoothing: rateInterval, Range: "1h"}
}

// match returns a regular expression matcher for each label. The parts of a label's
// value follow each other. After a namespace without a name, anything matches.
func (vs Variables) match(selected func(Variable) string) map[string]string {
	patterns := map[string]string{}
	for i, v := range vs {
		patterns[v.Label] += selected(v)
		if v.Part == Namespace && !slices.ContainsFunc(vs[i:], func(w Variable) bool { return w.Label == v.Label && w.Part == Name }) {
			patterns[v.Label] += All
		}
	}
	for label, pattern := range patterns {
		patterns[label] = `=~"` + pattern + `"`
	}
	return patterns
}

// Query returns the query of the variable at i, in the syntax of Grafana's
// Prometheus data source. It is not PromQL. Of v, it has the matchers for all series.
func (vs Variables) Query(i int, v Values) string {
	v.Match = vs[:i].Grafana().Match
	return "label_values(" + vs.selector(i, v) + ", " + vs[i].Label + ")"
}

// Text returns PromQL with a series for each value that the variable at i offers.
func (vs Variables) Text(i int, v Values) string {
	return "group by (" + vs[i].Label + ") (" + vs.selector(i, v) + ")"
}

// Err returns an error if the contract does not have the metric or the label.
func (v Variable) Err() error {
	if v.Labels == nil {
		if _, err := find(v.Metric); err != nil {
			return err
		}
	}
	if !slices.Contains(v.labels(), v.Label) {
		return fmt.Errorf("%s has no label %s", v.Metric, v.Label)
	}
	return nil
}

func (v Variable) labels() []string {
	if v.Labels != nil {
		return v.Labels
	}
	metric, _ := find(v.Metric) // no labels if there is no such metric
	return metric.Labels
}

// selector selects the metric of the variable at i, narrowed by the variables
// before it.
func (vs Variables) selector(i int, values Values) string {
	narrowed := map[string]string{}
	for _, v := range vs[:i] {
		if value, ok := values.Match[v.Label]; ok {
			narrowed[v.Label] = value
		}
	}
	return vs[i].Metric + matchers(vs[i].labels(), narrowed, nil, values.External, values.selectorOf(vs[i].Metric))
}
