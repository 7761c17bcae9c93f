package board

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Alert is a state in which someone should look, though no one is watching.
type Alert struct {
	Name     string
	Severity Severity
	// Summary is the alert in a line; {{ $labels.model }} is a label's value.
	Summary string
	// Expr answers with one series for each thing that is wrong.
	Expr promql.Query
	For  time.Duration
	// Steps are what to do, first things first.
	Steps []string
}

// Severity is how soon someone must look.
type Severity string

// Severities.
const (
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// AlertRange is the range of rates in alerts.
const AlertRange = "5m"

// Text returns the PromQL of the alert's condition.
func (a Alert) Text() string { return a.Expr.Text(RuleValues()) }

// RuleValues returns what rules fill their queries with.
func RuleValues() promql.Values { return promql.RuleValues(AlertRange, promql.DriftWindow) }

func (a Alert) validate() error {
	if err := a.Expr.Err(); err != nil {
		return fmt.Errorf("alert %s: %w", a.Name, err)
	}
	if a.Name == "" || a.For <= 0 {
		return fmt.Errorf("alert %q: it needs a name, and how long its state must last", a.Name)
	}
	if a.Severity == "" || a.Summary == "" || len(a.Steps) == 0 {
		return fmt.Errorf("alert %s: it needs a severity, a summary, and the steps to take", a.Name)
	}
	return a.summed()
}

var reference = regexp.MustCompile(`\$labels\.([a-z_]+)`)

// summed checks that the summary names the labels that tell one alert from another,
// and no others.
func (a Alert) summed() error {
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
