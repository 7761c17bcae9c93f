package main

import (
	"context"
	"fmt"

	"github.com/moodring/moodring/dashgen/internal/discover"
	"github.com/moodring/moodring/dashgen/internal/grafana"
)

const discoverHelp = `--metrics URL | --prometheus URL [flags] > board.json

Prints a dashboard for any metrics, by their types, units and labels.
`

func discoverCommand(p program, args []string) error {
	var from metricsFlags
	set := newFlags("discover", discoverHelp)
	from.define(set)
	title := set.String("title", "Discovered metrics", "title of the dashboard")
	uid := set.String("uid", "discovered", "uid of the dashboard: 8 to 40 of a-z, 0-9 and -")
	if err := set.parseAll(args, p.stdout); err != nil {
		return err
	}
	families, err := from.families(context.Background(), p, "discover")
	if err != nil {
		return err
	}
	kept := discover.Largest(families)
	text, err := grafana.Marshal(discover.Board(*title, *uid, kept))
	if err != nil {
		return err
	}
	if err := writeText(p.stdout, string(text)); err != nil {
		return err
	}
	if len(kept) < len(families) {
		return fmt.Errorf("discover: %d of %d metrics are left out, because a dashboard has at most %d panels: choose metrics with --match", len(families)-len(kept), len(families), discover.MostPanels)
	}
	return nil
}
