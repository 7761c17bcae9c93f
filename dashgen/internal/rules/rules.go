// Package rules writes the recording rules and alerts of the boards for Prometheus.
package rules

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Windows are the durations in rules.
type Windows struct {
	// Drift is the range over which predictions are compared with a baseline, as a
	// PromQL duration.
	Drift string
	// For is how long an alert's condition must last. 0 keeps the value of each alert.
	For time.Duration
}

// Usual returns the windows of the rules that dashgen generate writes.
func Usual() Windows { return Windows{Drift: promql.DriftWindow} }

// File returns the rules as a Prometheus rule file.
func File(all board.Set, w Windows) ([]byte, error) {
	return Marshal(header, RuleFile{Groups(all, w)})
}

const header = "# Written by dashgen from the metric contract; do not edit. docs/alerts.md has a runbook for each alert.\n"

// Marshal returns a comment, followed by content as YAML.
func Marshal(comment string, content any) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(comment)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(content); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return out.Bytes(), nil
}

// object is a Kubernetes object that holds rules.
type object struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       RuleFile `yaml:"spec"`
}

type metadata struct {
	Name   string            `yaml:"name"`
	Labels map[string]string `yaml:"labels"`
}

// Object returns the rules as prometheus-operator's PrometheusRule.
func Object(all board.Set) ([]byte, error) {
	return Marshal(header, object{
		APIVersion: "monitoring.coreos.com/v1",
		Kind:       "PrometheusRule",
		Metadata:   metadata{Name: "moodring", Labels: map[string]string{"app.kubernetes.io/part-of": "moodring"}},
		Spec:       RuleFile{Groups(all, Usual())},
	})
}

// Groups returns a group of recording rules and a group of alerts.
func Groups(all board.Set, w Windows) []Group {
	values := promql.RuleValues(board.AlertRange, w.Drift)
	recorded := Group{Name: "moodring-recordings"}
	for _, r := range all.Recordings {
		recorded.Rules = append(recorded.Rules, Rule{Record: r.Name, Expr: r.Query.Text(values)})
	}
	alerts := Group{Name: "moodring-alerts"}
	for _, a := range all.Alerts() {
		alerts.Rules = append(alerts.Rules, alert(a, values, w))
	}
	return []Group{recorded, alerts}
}

func alert(a board.Alert, values promql.Values, w Windows) Rule {
	duration := a.For
	if w.For > 0 {
		duration = w.For
	}
	return Rule{
		Alert:  a.Name,
		Expr:   a.Expr.Text(values),
		For:    model.Duration(duration),
		Labels: map[string]string{"severity": string(a.Severity)},
		Annotations: map[string]string{
			"summary":     a.Summary,
			"description": strings.Join(a.Steps, " "),
			"runbook_url": board.Runbooks + "#" + strings.ToLower(a.Name),
		},
	}
}
