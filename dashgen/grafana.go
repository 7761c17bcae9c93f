package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/grafanaapi"
)

// grafanaFlags are the flags of push, diff and pull that name a Grafana.
type grafanaFlags struct{ url, credentials string }

func (f *grafanaFlags) define(set flags) {
	set.StringVar(&f.url, "grafana", "", "address of the Grafana, as http://127.0.0.1:3000")
	set.StringVar(&f.credentials, "credentials", "", "file with a token, or with user:password; by default no credentials are sent")
}

// dial returns a client of the Grafana.
func (f grafanaFlags) dial(p program, command string) (grafanaapi.Grafana, error) {
	address, err := readAddress(command+": --grafana", f.url)
	if err != nil {
		return grafanaapi.Grafana{}, err
	}
	credentials := ""
	if f.credentials != "" {
		text, err := os.ReadFile(f.credentials)
		if err != nil {
			return grafanaapi.Grafana{}, fmt.Errorf("%s: --credentials: %w", command, err)
		}
		if credentials = strings.TrimSpace(string(text)); credentials == "" {
			return grafanaapi.Grafana{}, fmt.Errorf("%s: --credentials: %s is empty; write a token, or user:password", command, f.credentials)
		}
	}
	return grafanaapi.Dial(address, credentials, p.deadline)
}

// planPush compares the dashboards in files with those in Grafana; without
// files, dashgen's own.
func planPush(g grafanaapi.Grafana, files []string) ([]grafanaapi.Change, error) {
	read, err := readDashboards(files)
	if err != nil {
		return nil, err
	}
	var all []dashboard.Dashboard
	for _, file := range read {
		named, err := file.Named(strings.TrimSuffix(filepath.Base(file.name), ".json"))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.name, err)
		}
		all = append(all, named)
	}
	return g.Plan(context.Background(), all)
}

// writeDiffs prints how the dashboards differ.
func writeDiffs(out io.Writer, changes []grafanaapi.Change) error {
	for _, c := range changes {
		if err := writeText(out, c.Diff); err != nil {
			return err
		}
	}
	return nil
}

// changeRows returns a row of a table for each dashboard.
func changeRows(changes []grafanaapi.Change) []string {
	var rows []string
	for _, c := range changes {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s", c.UID, c.Title, c.State))
	}
	return rows
}
