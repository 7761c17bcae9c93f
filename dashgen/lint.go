package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/discover"
	"github.com/moodring/moodring/dashgen/internal/lint"
)

// finding is a problem and the file it is in, as --json prints it.
type finding struct {
	File string `json:"file"`
	lint.Problem
}

const lintHelp = `[flags] FILE.json...

Says what is wrong with Grafana dashboards. With --prometheus or --metrics it
knows the types of metrics that are not Moodring's.
`

func lintCommand(p program, args []string) error {
	var from source
	set := newFlags("lint", lintHelp)
	from.flags(set)
	without := set.String("without", "", "rules to leave out, as panel-units,template-job")
	asJSON := set.Bool("json", false, "print JSON and not a table")
	document := set.Bool("rules", false, "print the document of all rules")
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	if *document {
		return write(p.stdout, lint.Document())
	}
	leftOut, err := ruleNames(*without)
	if err != nil {
		return err
	}
	if set.NArg() == 0 {
		return fmt.Errorf("%w: lint: name the files of dashboards", errUsage)
	}
	known, err := from.types(p)
	if err != nil {
		return err
	}
	found, err := check(set.Args(), known, leftOut)
	if err != nil {
		return err
	}
	if err := showFindings(p.stdout, found, *asJSON); err != nil {
		return err
	}
	if len(found) > 0 {
		return fmt.Errorf("lint: %d problems; docs/lint.md says what each rule is for", len(found))
	}
	return nil
}

func ruleNames(list string) (map[string]bool, error) {
	leftOut := map[string]bool{}
	for _, name := range strings.Split(list, ",") {
		if name != "" && !slices.Contains(lint.Names(), name) {
			return nil, fmt.Errorf("%w: lint: --without %s: no such rule; there are %s", errUsage, name, strings.Join(lint.Names(), ", "))
		}
		leftOut[name] = true
	}
	return leftOut, nil
}

func (s source) types(p program) (lint.Context, error) {
	if s == (source{match: s.match}) {
		return lint.Context{}, nil
	}
	families, err := s.families(context.Background(), p, "lint")
	if err != nil {
		return lint.Context{}, err
	}
	return lint.Context{Types: discover.Types(families)}, nil
}

func check(files []string, known lint.Context, leftOut map[string]bool) ([]finding, error) {
	found := []finding{}
	named, err := readDashboards(files)
	if err != nil {
		return nil, fmt.Errorf("lint: %w", err)
	}
	for _, d := range named {
		parsed, err := lint.Parse(d.Dashboard)
		if err != nil {
			return nil, fmt.Errorf("lint: %s: %w", d.file, err)
		}
		for _, p := range lint.Check(parsed, known, leftOut) {
			found = append(found, finding{d.file, p})
		}
	}
	return found, nil
}

func showFindings(out io.Writer, found []finding, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(found)
	}
	if len(found) == 0 {
		return nil
	}
	var rows []string
	for _, f := range found {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s: %s", f.File, f.Rule, f.Place, strings.ReplaceAll(f.Message, "\n", " ")))
	}
	return align(out, rows)
}
