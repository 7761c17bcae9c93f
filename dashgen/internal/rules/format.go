package rules

import "github.com/prometheus/common/model"

// RuleFile is a rule file of Prometheus, and the spec of a PrometheusRule. Its
// types hold the fields that dashgen writes. Prometheus's own types, in
// model/rulefmt, need the query engine, templates and a Kubernetes client; the
// tests in dashgen/conform read the output with those types.
type RuleFile struct {
	Groups []Group `yaml:"groups"`
}

// Group is a list of rules that Prometheus evaluates in order.
type Group struct {
	Name  string `yaml:"name"`
	Rules []Rule `yaml:"rules"`
}

// Rule is a recording rule if Record is set, and an alerting rule if Alert is
// set.
type Rule struct {
	Record      string            `yaml:"record,omitempty"`
	Alert       string            `yaml:"alert,omitempty"`
	Expr        string            `yaml:"expr"`
	For         model.Duration    `yaml:"for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}
