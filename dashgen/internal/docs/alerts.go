package docs

import (
	"fmt"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Alerts returns the runbooks: for each alert what it means, where to see it and
// what to do, in Markdown. An alert's heading is the anchor of its runbook_url.
func Alerts(all board.Set) string {
	var out strings.Builder
	out.WriteString("# Alerts\n\n")
	out.WriteString("<!-- Written by `dashgen alerts > docs/alerts.md` from the boards; do not edit. -->\n\n")
	out.WriteString("The rules are in `dashboards/prometheus-rules.yaml`, and as a PrometheusRule in `dashboards/prometheus-operator.yaml`. ")
	fmt.Fprintf(&out, "Rates are over %s; what is compared with a baseline is over %s.\n\n", board.AlertRange, promql.DriftWindow)
	out.WriteString("| alert | severity | when |\n|---|---|---|\n")
	for _, a := range all.Alerts() {
		fmt.Fprintf(&out, "| [%s](#%s) | %s | %s |\n", a.Name, strings.ToLower(a.Name), a.Severity, plain(a.Summary))
	}
	for _, a := range all.Alerts() {
		runbook(&out, all, a)
	}
	return out.String()
}

func runbook(out *strings.Builder, all board.Set, a board.Alert) {
	fmt.Fprintf(out, "\n## %s\n\n%s\n\n", a.Name, plain(a.Summary))
	title, question, needs := place(all, a)
	fmt.Fprintf(out, "%s. Fires when this has lasted for %g minutes:\n\n```promql\n%s\n```\n\n", strings.ToUpper(string(a.Severity[:1]))+string(a.Severity[1:]), a.For.Minutes(), a.Text())
	fmt.Fprintf(out, "See it in %s: *%s*\n\n", title, question)
	if needs != "" {
		fmt.Fprintf(out, "It needs %s.\n\n", needs)
	}
	for i, step := range a.Steps {
		fmt.Fprintf(out, "%d. %s\n", i+1, step)
	}
}

// place is the panel that an alert belongs to.
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

// plain is a summary with words for what Prometheus fills in.
func plain(summary string) string {
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
