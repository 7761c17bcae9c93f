package main

import (
	"errors"
	"fmt"

	"github.com/moodring/moodring/dashgen/internal/grafanaapi"
)

const diffHelp = `--grafana URL [flags] [FILE.json...]

Shows how Moodring's dashboards, or those in the files, differ from those in a
Grafana.
`

var errDiffer = errors.New("diff: what is in Grafana differs; dashgen push brings it up to date")

func diffCommand(p program, args []string) error {
	var f grafanaFlags
	set := newFlags("diff", diffHelp)
	f.define(set)
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	g, err := f.dial(p, "diff")
	if err != nil {
		return err
	}
	changes, err := planPush(g, set.Args())
	if err != nil {
		return fmt.Errorf("diff: %w", err)
	}
	if err := writeDiffs(p.stdout, changes); err != nil {
		return err
	}
	if err := writeTable(p.stdout, changeRows(changes)); err != nil {
		return err
	}
	for _, c := range changes {
		if c.State != grafanaapi.Same {
			return errDiffer
		}
	}
	return nil
}
