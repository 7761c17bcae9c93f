package main

import (
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

const rulesHelp = `[flags] > rules.yaml

Prints Moodring's Prometheus rules: what is recorded, and the alerts.
`

// rulesCommand prints the rule file. A shorter window suits a test, or a model
// with many answers; a longer one a model with few.
func rulesCommand(p program, args []string) error {
	windows := rules.Usual()
	set := newFlags("rules", rulesHelp)
	set.StringVar(&windows.Drift, "window", promql.DriftWindow, "over how long to compare answers with a baseline")
	set.DurationVar(&windows.For, "for", 0, "how long a state must last before an alert fires; 0 leaves it to each alert")
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	if err := set.none(); err != nil {
		return err
	}
	if err := checkDuration("rules: --window", windows.Drift); err != nil {
		return err
	}
	text, err := rules.File(board.All(), windows)
	if err != nil {
		return err
	}
	return write(p.stdout, string(text))
}
