package main

import (
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

const rulesHelp = `[flags] > rules.yaml

Prints Moodring's Prometheus rules: recording rules and alerts.
`

// rulesCommand prints the rule file. A short window suits a test, or a model
// with much traffic; a long window suits a model with little.
func rulesCommand(p program, args []string) error {
	set := newFlags("rules", rulesHelp)
	chosen := newChoices(set)
	if err := set.parseAll(args, p.stdout); err != nil {
		return err
	}
	c, err := chosen.config(set)
	if err != nil {
		return err
	}
	text, err := rules.File(c.Boards(board.All()), c.Windows())
	if err != nil {
		return err
	}
	return writeText(p.stdout, string(text))
}
