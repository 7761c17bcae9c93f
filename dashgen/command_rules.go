package main

import (
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

const rulesHelp = `[flags] > rules.yaml

Prints Moodring's Prometheus rules: recording rules and alerts.
`

// rulesCommand prints the rule file. A short window suits a test, or a model
// with much traffic; a long window suits a model with little.
func rulesCommand(p program, args []string) error {
	windows := rules.Usual()
	set := newFlags("rules", rulesHelp)
	set.StringVar(&windows.Drift, "window", promql.DriftWindow, "over how long to compare predictions with a baseline")
	set.DurationVar(&windows.For, "for", 0, "how long a state must last before an alert fires; 0 leaves it to each alert")
	if err := set.parseAll(args, p.stdout); err != nil {
		return err
	}
	if _, err := readDuration("rules: --window", windows.Drift); err != nil {
		return err
	}
	text, err := rules.File(board.All(), windows)
	if err != nil {
		return err
	}
	return writeText(p.stdout, string(text))
}
