package main

import (
	"fmt"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/grafana"
	"github.com/moodring/moodring/dashgen/internal/output"
)

const generateHelp = `[flags] DIR

Writes all dashboards, rules and Kubernetes objects into a directory.
`

func generateCommand(p program, args []string) error {
	set := newFlags("generate", generateHelp)
	chosen := newChoices(set)
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	if set.NArg() != 1 {
		return fmt.Errorf("%w: generate takes one directory", errUsage)
	}
	c, err := chosen.config(set)
	if err != nil {
		return err
	}
	files, err := output.Files(board.All(), c)
	if err != nil {
		return err
	}
	if err := output.Write(set.Arg(0), files); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	return nil
}

// overviewCommand prints one dashboard: dashgen without arguments.
func overviewCommand(p program) error {
	text, err := grafana.Marshal(board.Overview())
	if err != nil {
		return err
	}
	return writeText(p.stdout, string(text))
}
