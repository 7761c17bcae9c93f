package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/moodring/moodring/dashgen/internal/output"
)

const pullHelp = `--grafana URL [flags] DIR

Writes dashboards of a Grafana into a directory, as files for dashgen push.
`

func pullCommand(p program, args []string) error {
	var f grafanaFlags
	set := newFlags("pull", pullHelp)
	f.define(set)
	tag := set.String("tag", "moodring", "fetch the dashboards that have this tag")
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	if set.NArg() != 1 {
		return fmt.Errorf("%w: pull takes one directory", errUsage)
	}
	g, err := f.dial(p, "pull")
	if err != nil {
		return err
	}
	pulled, err := g.Pull(context.Background(), *tag)
	if err != nil {
		return err
	}
	var files []output.File
	for _, d := range pulled {
		files = append(files, output.File{Name: filepath.Base(d.UID) + ".json", Text: d.Text})
	}
	if err := output.Write(set.Arg(0), files); err != nil {
		return fmt.Errorf("pull: %w", err)
	}
	return writeText(p.stdout, fmt.Sprintf("%d dashboards in %s\n", len(files), set.Arg(0)))
}
