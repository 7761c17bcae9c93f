package docs

import (
	"fmt"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Alerts returns docs/alerts.md: for each alert its condition, its panel and the steps
// to take. An alert's runbook_url leads to its heading.
func Alerts(all board.Set) string {
	var out strings.Builder
	out.WriteString("# Alerts\n\n")
	out.WriteString("<!-- Written by `dashgen alerts > docs/alerts.md` from the boards; do not edit. -->\n\n")
	out.WriteString("The rules are in `dashboards/prometheus-rules.yaml`, and as a PrometheusRule in `dashboards/prometheus-operator.yaml`. ")
	fmt.Fprintf(&out, "Rates are over %s. Comparisons with a baseline, and of versions, are over %s.\n\n", board.AlertRange, promql.DriftWindow)
	out.WriteString("| alert | severity | when |\n|---|---|---|\n")
	for _, a := range all.Alerts() {
		fmt.Fprintf(&out, "| [%s](#%s) | %s | %s |\n", a.Name, strings.ToLower(a.Name), a.Severity, plain(a))
	}
	for _, a := range all.Alerts() {
		runbook(&out, all, a)
	}
	return out.String()
}

func runbook(out *strings.Builder, all board.Set, a board.Alert) {
	fmt.Fprintf(out, "\n## %s\n\n%s\n\n", a.Name, plain(a))
	title, question, needs := place(all, a)
	fmt.Fprintf(out, "%s. Fires when this condition has lasted for %g minutes:\n\n```promql\n%s\n```\n\n", strings.ToUpper(string(a.Severity[:1]))+string(a.Severity[1:]), a.For.Minutes(), a.Text())
	fmt.Fprintf(out, "Panel: %s. *%s*\n\n", title, question)
	if needs != "" {
		fmt.Fprintf(out, "The alert needs %s.\n\n", needs)
	}
	for i, step := range a.Steps {
		fmt.Fprintf(out, "%d. %s\n", i+1, step)
	}
}

// place returns the panel that has the alert.
func place(all board.Set, a board.Alert) (title, question, needs string) {
	var boards []string
	for _, b := range all.Boards {
		for _, o := range b.Panels() {
			if o.Alert != nil && o.Alert.Name == a.Name {
				boards = append(boards, "*"+b.Title+"*")
				title, question, needs = o.Title, o.Question, o.Needs
			}
		}
	}
	return "**" + title + "** of " + strings.Join(boards, " and "), question, needs
}

// plain returns an alert's summary with words in place of Prometheus's templates.
func plain(a board.Alert) string {
	summary := strings.ReplaceAll(a.Summary, board.OfService, " of {{ $labels.namespace }}/{{ $labels.service }}")
	summary = strings.ReplaceAll(summary, board.OfVersion, ", version {{ $labels.version }},")
	if a.Limit != nil {
		summary = strings.ReplaceAll(summary, board.LimitMark, fmt.Sprint(*a.Limit))
	}
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(summary, "{{")
		out.WriteString(before)
		inside, after, closed := strings.Cut(rest, "}}")
		if !ok || !closed {
			return out.String()
		}
		out.WriteString(word(strings.TrimSpace(inside)))
		summary = after
	}
}

func word(template string) string {
	if label, ok := strings.CutPrefix(template, "$labels."); ok {
		return "*" + label + "*"
	}
	return "*n*"
}
