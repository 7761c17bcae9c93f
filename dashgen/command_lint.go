package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/discover"
	"github.com/moodring/moodring/dashgen/internal/lint"
)

const lintHelp = `[flags] FILE.json...

Says what is wrong with Grafana dashboards. With --prometheus or --metrics it
knows the types of metrics that are not Moodring's.
`

// finding is a problem and its file, as --json prints them.
type finding struct {
	File string `json:"file"`
	lint.Problem
}

func lintCommand(p program, args []string) error {
	var from metricsFlags
	set := newFlags("lint", lintHelp)
	from.define(set)
	without := set.String("without", "", "rules to leave out, as panel-units,template-job")
	asJSON := set.Bool("json", false, "print JSON and not a table")
	document := set.Bool("rules", false, "print the document of all rules")
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	if *document {
		return writeText(p.stdout, lint.Document())
	}
	disabled, err := ruleNames(*without)
	if err != nil {
		return err
	}
	if set.NArg() == 0 {
		return fmt.Errorf("%w: lint: name the files of dashboards", errUsage)
	}
	known, err := metricTypes(p, from)
	if err != nil {
		return err
	}
	findings, err := lintFiles(set.Args(), known, disabled)
	if err != nil {
		return err
	}
	if err := writeFindings(p.stdout, findings, *asJSON); err != nil {
		return err
	}
	if len(findings) > 0 {
		return fmt.Errorf("lint: %d problems; docs/lint.md says what each rule is for", len(findings))
	}
	return nil
}

// ruleNames reads a list of rules.
func ruleNames(list string) (map[string]bool, error) {
	names := map[string]bool{}
	for _, name := range strings.Split(list, ",") {
		if name != "" && !slices.Contains(lint.Names(), name) {
			return nil, fmt.Errorf("%w: lint: --without %s: no such rule; there are %s", errUsage, name, strings.Join(lint.Names(), ", "))
		}
		names[name] = true
	}
	return names, nil
}

// metricTypes reads the types of metrics, if the flags name a source.
func metricTypes(p program, from metricsFlags) (lint.Context, error) {
	if !from.isSet() {
		return lint.Context{}, nil
	}
	families, err := from.families(context.Background(), p, "lint")
	if err != nil {
		return lint.Context{}, err
	}
	return lint.Context{Types: discover.Types(families)}, nil
}

func lintFiles(files []string, known lint.Context, disabled map[string]bool) ([]finding, error) {
	read, err := readDashboards(files)
	if err != nil {
		return nil, fmt.Errorf("lint: %w", err)
	}
	findings := []finding{}
	for _, file := range read {
		d, err := lint.Parse(file.Dashboard)
		if err != nil {
			return nil, fmt.Errorf("lint: %s: %w", file.name, err)
		}
		for _, problem := range lint.Check(d, known, disabled) {
			findings = append(findings, finding{file.name, problem})
		}
	}
	return findings, nil
}

func writeFindings(out io.Writer, findings []finding, asJSON bool) error {
	if asJSON {
		return writeJSON(out, findings)
	}
	if len(findings) == 0 {
		return nil
	}
	var rows []string
	for _, f := range findings {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s: %s", f.File, f.Rule, f.Place, strings.ReplaceAll(f.Message, "\n", " ")))
	}
	return writeTable(out, rows)
}
