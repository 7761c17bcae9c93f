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
	if err := writeFindings(p.stdout, findings, set.NArg(), *asJSON); err != nil {
		return err
	}
	if len(findings) > 0 {
		return fmt.Errorf("lint: %s; docs/lint.md says what each rule is for", count(len(findings), "problem"))
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
	var parsed []lint.File
	for _, file := range read {
		d, err := lint.Parse(file.Dashboard)
		if err != nil {
			return nil, fmt.Errorf("lint: %s: %w", file.name, err)
		}
		parsed = append(parsed, lint.File{Name: file.name, Dashboard: d})
	}
	findings := []finding{}
	for i, problems := range lint.CheckAll(parsed, known, disabled) {
		for _, problem := range problems {
			findings = append(findings, finding{parsed[i].Name, problem})
		}
	}
	return findings, nil
}

// writeFindings prints the problems of a number of dashboards.
func writeFindings(out io.Writer, findings []finding, dashboards int, asJSON bool) error {
	if asJSON {
		return writeJSON(out, findings)
	}
	if len(findings) == 0 {
		return writeText(out, count(dashboards, "dashboard")+", no problems\n")
	}
	var rows []string
	for _, f := range findings {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s: %s", f.File, f.Rule, f.Place, strings.ReplaceAll(f.Message, "\n", " ")))
	}
	return writeTable(out, rows)
}
