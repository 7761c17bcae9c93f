// Package rules writes the recording rules and alerts of the boards for Prometheus.
package rules

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Windows are the durations in rules, and other choices of the user.
type Windows struct {
	// Drift is the range over which predictions are compared with a baseline, as a
	// PromQL duration.
	Drift string
	// For is how long an alert's condition must last. 0 keeps the value of each alert.
	For time.Duration
	// Limits replace the limits of alerts, by the alerts' names.
	Limits map[string]float64
	// Without has the names of alerts to leave out.
	Without map[string]bool
	// Labels are added to each alert.
	Labels map[string]string
	// Selector has matchers for each scraped metric, as cluster="eu".
	Selector string
	// Runbooks is the address of the runbooks; "" is board.Runbooks.
	Runbooks string
}

// Check returns an error if w names an alert, or the limit of an alert, that does not
// exist.
func (w Windows) Check(all board.Set) error {
	limits, names := map[string]bool{}, map[string]bool{}
	for _, a := range all.Alerts() {
		names[a.Name], limits[a.Name] = true, a.Limit != nil
	}
	for name := range w.Limits {
		if !limits[name] {
			return fmt.Errorf("no alert %s has a limit; these have one: %s", name, strings.Join(where(limits), ", "))
		}
	}
	for name := range w.Without {
		if !names[name] {
			return fmt.Errorf("no alert %s; there are %s", name, strings.Join(where(names), ", "))
		}
	}
	return nil
}

// where returns the keys whose value is true, sorted.
func where(set map[string]bool) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if set[key] {
			keys = append(keys, key)
		}
	}
	return keys
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
func Object(all board.Set, w Windows) ([]byte, error) {
	return Marshal(header, object{
		APIVersion: "monitoring.coreos.com/v1",
		Kind:       "PrometheusRule",
		Metadata:   metadata{Name: "moodring", Labels: map[string]string{"app.kubernetes.io/part-of": "moodring"}},
		Spec:       RuleFile{Groups(all, w)},
	})
}

// Groups returns a group of recording rules and a group of alerts.
func Groups(all board.Set, w Windows) []Group {
	values := promql.RuleValues(board.AlertRange, w.Drift)
	values.Selector = w.Selector
	recorded := Group{Name: "moodring-recordings"}
	for _, r := range all.Recordings {
		recorded.Rules = append(recorded.Rules, Rule{Record: r.Name, Expr: r.Query.Text(values)})
	}
	alerts := Group{Name: "moodring-alerts"}
	for _, a := range all.Alerts() {
		if w.Without[a.Name] {
			continue
		}
		alerts.Rules = append(alerts.Rules, alert(a, values, w))
	}
	return []Group{recorded, alerts}
}

func alert(a board.Alert, values promql.Values, w Windows) Rule {
	duration := a.For
	if w.For > 0 {
		duration = w.For
	}
	summary := a.Summary
	if a.Limit != nil {
		limit := *a.Limit
		if chosen, ok := w.Limits[a.Name]; ok {
			limit = chosen
		}
		values.Limit = &limit
		summary = strings.ReplaceAll(summary, board.LimitMark, strconv.FormatFloat(limit, 'g', -1, 64))
	}
	labels := maps.Clone(w.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels["severity"] = string(a.Severity)
	return Rule{
		Alert:  a.Name,
		Expr:   a.Expr.Text(values),
		For:    model.Duration(duration),
		Labels: labels,
		Annotations: map[string]string{
			"summary":     summary,
			"description": strings.Join(a.Steps, " "),
			"runbook_url": cmp.Or(w.Runbooks, board.Runbooks) + "#" + strings.ToLower(a.Name),
		},
	}
}
