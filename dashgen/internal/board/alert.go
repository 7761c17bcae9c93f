package board

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Alert is an alerting rule and its runbook.
type Alert struct {
	Name     string
	Severity Severity
	// Summary is the alert in one line. {{ $labels.model }} is replaced by the
	// label's value.
	Summary string
	// Expr returns a series for each fault.
	Expr promql.Query
	// Limit is the limit in Expr that dashgen rules can replace; nil if there is
	// none. The text LIMIT in Summary stands for it.
	Limit *float64
	For   time.Duration
	// Steps are the runbook, in order.
	Steps []string
}

// Runbooks is the address of docs/alerts.md. An alert's anchor there is its name in
// lower case.
const Runbooks = "https://github.com/moodring/moodring/blob/main/docs/alerts.md"

// Severity says how soon a person must act.
type Severity string

// Severities.
const (
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// AlertRange is the range of rates in alerts.
const AlertRange = "5m"

// Text returns the PromQL of the alert's expression.
func (a Alert) Text() string {
	values := RuleValues()
	values.Limit = a.Limit
	return a.Expr.Text(values)
}

// RuleValues returns the values of queries in rules.
func RuleValues() promql.Values { return promql.RuleValues(AlertRange, promql.DriftWindow) }

func (a Alert) validate() error {
	if err := a.Expr.Err(); err != nil {
		return fmt.Errorf("alert %s: %w", a.Name, err)
	}
	if a.Name == "" || a.For <= 0 {
		return fmt.Errorf("alert %q: it needs a name, and how long its condition must last", a.Name)
	}
	if a.Severity == "" || a.Summary == "" || len(a.Steps) == 0 {
		return fmt.Errorf("alert %s: it needs a severity, a summary, and the steps to take", a.Name)
	}
	if (a.Limit != nil) != strings.Contains(a.Summary, LimitMark) {
		return fmt.Errorf("alert %s: its summary names the limit if it has one, as %s", a.Name, LimitMark)
	}
	return a.validateSummary()
}

// LimitMark stands for the limit in a summary.
const LimitMark = "LIMIT"

func limit(value float64) *float64 { return &value }

// OfService is a part of a summary that is empty for a model without a service.
const OfService = "{{ with $labels.service }} of {{ with $labels.namespace }}{{ . }}/{{ end }}{{ . }}{{ end }}"

// OfVersion is a part of a summary that is empty for a model without versions.
const OfVersion = "{{ with $labels.version }}, version {{ . }}{{ end }}"

var reference = regexp.MustCompile(`\$labels\.([a-z_]+)`)

// validateSummary checks that the summary names exactly the labels of the
// alert's series, so that no two alerts have the same summary.
func (a Alert) validateSummary() error {
	var used []string
	for _, match := range reference.FindAllStringSubmatch(a.Summary, -1) {
		used = append(used, match[1])
	}
	slices.Sort(used)
	if want := slices.Sorted(slices.Values(a.Expr.Labels())); !slices.Equal(slices.Compact(used), want) {
		return fmt.Errorf("alert %s: its summary names the labels %q, and its series have %q", a.Name, used, want)
	}
	return nil
}
