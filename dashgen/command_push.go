package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/moodring/moodring/dashgen/internal/grafanaapi"
	"github.com/moodring/moodring/dashgen/internal/output"
)

const pushHelp = `--grafana URL [flags] [FILE.json...]

Saves Moodring's dashboards, or those in the files, to a Grafana, in a folder. It does not replace a dashboard that others changed in Grafana.
`

var notInUID = regexp.MustCompile(`[^a-z0-9]+`)

// folderUID returns the uid of a folder that push creates, from its title. A title in
// another alphabet also gets its hash: little of it, or nothing, is left otherwise.
func folderUID(title string) string {
	uid := strings.Trim(notInUID.ReplaceAllString(strings.ToLower(title), "-"), "-")
	if strings.ContainsFunc(title, func(r rune) bool { return r > unicode.MaxASCII }) {
		sum := sha256.Sum256([]byte(title))
		uid = strings.Trim(uid[:min(len(uid), 31)]+"-"+hex.EncodeToString(sum[:4]), "-")
	}
	return uid[:min(len(uid), 40)]
}

// findFolder returns the folder that --folder names by its uid or its title.
func (f pushFlags) findFolder(ctx context.Context, g grafanaapi.Grafana) (grafanaapi.Folder, bool, error) {
	if folder, ok, err := g.FindFolder(ctx, f.folder, f.folder); ok || err != nil {
		return folder, ok, err
	}
	return g.FindFolder(ctx, folderUID(f.folder), f.folder)
}

type pushFlags struct {
	grafanaFlags
	prometheus, dataSource, scrapeInterval, folder string
	dryRun, overwrite                              bool
}

func pushCommand(p program, args []string) error {
	var f pushFlags
	set := newFlags("push", pushHelp)
	f.define(set)
	set.StringVar(&f.prometheus, "prometheus", "", "also create a data source for the Prometheus at this address, as Grafana reaches it")
	set.StringVar(&f.dataSource, "data-source", "Moodring", "name of the data source that --prometheus creates")
	set.StringVar(&f.scrapeInterval, "scrape-interval", "15s", "scrape interval of --prometheus: the data source needs it for the shortest range of a rate")
	set.StringVar(&f.folder, "folder", output.Folder, "title or uid of the folder; push creates a missing folder")
	set.BoolVar(&f.dryRun, "dry-run", false, "change nothing, and show the changes")
	set.BoolVar(&f.overwrite, "overwrite", false, "replace dashboards that others changed")
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	g, err := f.dial(p, "push")
	if err != nil {
		return err
	}
	if f.prometheus != "" {
		if _, err := readAddress("push: --prometheus", f.prometheus); err != nil {
			return err
		}
	}
	if _, err := readDuration("push: --scrape-interval", f.scrapeInterval); err != nil {
		return err
	}
	if folderUID(f.folder) == "" {
		return fmt.Errorf("%w: push: --folder %q: it needs a letter or a digit", errUsage, f.folder)
	}
	changes, err := planPush(g, set.Args())
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	rows, err := f.rows(context.Background(), g)
	if err != nil {
		return err
	}
	if f.dryRun {
		err = writeDiffs(p.stdout, changes)
	} else {
		err = f.push(context.Background(), g, changes)
	}
	if err != nil {
		return err
	}
	return writeTable(p.stdout, append(rows, changeRows(changes)...))
}

// rows returns a row of a table for the data source and for the folder: each is
// new, or the same as before.
func (f pushFlags) rows(ctx context.Context, g grafanaapi.Grafana) ([]string, error) {
	state := map[bool]grafanaapi.State{true: grafanaapi.Same, false: grafanaapi.New}
	var rows []string
	if f.prometheus != "" {
		exists, err := g.HasDataSource(ctx, f.dataSource, f.prometheus)
		if err != nil {
			return nil, err
		}
		rows = append(rows, fmt.Sprintf("data source\t%s\t%s", f.dataSource, state[exists]))
	}
	_, exists, err := f.findFolder(ctx, g)
	if err != nil {
		return nil, err
	}
	return append(rows, fmt.Sprintf("folder\t%s\t%s", f.folder, state[exists])), nil
}

// push changes the Grafana.
func (f pushFlags) push(ctx context.Context, g grafanaapi.Grafana, changes []grafanaapi.Change) error {
	if f.prometheus != "" {
		if err := g.EnsureDataSource(ctx, f.dataSource, f.prometheus, f.scrapeInterval); err != nil {
			return err
		}
	}
	folder, exists, err := f.findFolder(ctx, g)
	if err == nil && !exists {
		folder, err = g.EnsureFolder(ctx, folderUID(f.folder), f.folder)
	}
	if err != nil {
		return err
	}
	return g.Push(ctx, changes, folder, f.overwrite)
}
