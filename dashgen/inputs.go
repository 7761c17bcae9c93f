package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/discover"
	"github.com/moodring/moodring/dashgen/internal/grafana"
	"github.com/moodring/moodring/dashgen/internal/preview"
	"github.com/moodring/moodring/dashgen/internal/prom"
)

// server returns the Prometheus or the exporter at the address that a flag sets.
func (p program) server(command, flag, address string) (prom.Server, error) {
	parsed, err := readAddress(command+": "+flag, address)
	return prom.Server{URL: parsed, Flag: flag, Deadline: p.deadline}, err
}

// dial returns a client of the Prometheus or the exporter at the address that a
// flag sets.
func (p program) dial(command, flag, address string) (prom.Client, error) {
	server, err := p.server(command, flag, address)
	if err != nil {
		return prom.Client{}, err
	}
	return prom.Dial(server)
}

// metricsFlags name a source of metric families: a Prometheus or the page of an
// exporter.
type metricsFlags struct{ prometheus, metrics, match string }

func (f *metricsFlags) define(set flags) {
	set.StringVar(&f.prometheus, "prometheus", "", "address of a Prometheus that has the metrics")
	set.StringVar(&f.metrics, "metrics", "", "address of an exporter's page, as http://127.0.0.1:9847/metrics")
	set.StringVar(&f.match, "match", "", "only metrics whose name this regular expression matches")
}

// isSet reports whether the flags name a source.
func (f metricsFlags) isSet() bool { return f.prometheus != "" || f.metrics != "" }

// families reads the metric families of the source.
func (f metricsFlags) families(ctx context.Context, p program, command string) ([]discover.Family, error) {
	match, err := regexp.Compile(f.match)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: --match: %w", errUsage, command, err)
	}
	if (f.prometheus == "") == (f.metrics == "") {
		return nil, fmt.Errorf("%w: %s: give either --prometheus or --metrics", errUsage, command)
	}
	if f.metrics != "" {
		exporter, err := p.dial(command, "--metrics", f.metrics)
		if err != nil {
			return nil, err
		}
		return discover.Page(ctx, exporter, match)
	}
	prometheus, err := p.dial(command, "--prometheus", f.prometheus)
	if err != nil {
		return nil, err
	}
	return discover.Prometheus(ctx, prometheus, match)
}

// dashboardFile is a dashboard and the name of its file.
type dashboardFile struct {
	name string
	dashboard.Dashboard
}

// readDashboards reads the dashboards in files; without files, dashgen's own.
func readDashboards(files []string) ([]dashboardFile, error) {
	if len(files) == 0 {
		return ownDashboards()
	}
	var all []dashboardFile
	for _, name := range files {
		d, err := dashboard.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, dashboardFile{name, d})
	}
	return all, nil
}

// ownDashboards returns the dashboards that dashgen generates.
func ownDashboards() ([]dashboardFile, error) {
	var all []dashboardFile
	for _, b := range board.All().Boards {
		text, err := grafana.Marshal(b)
		if err != nil {
			return nil, err
		}
		d, err := dashboard.Read(text)
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", b.UID, err)
		}
		all = append(all, dashboardFile{b.File + ".json", d})
	}
	return all, nil
}

// drawFlags are the flags that preview and render share.
type drawFlags struct{ prometheus, scrapeInterval string }

func (f *drawFlags) define(set flags) {
	set.StringVar(&f.prometheus, "prometheus", "", "address of the Prometheus to query, as http://127.0.0.1:9090")
	set.StringVar(&f.scrapeInterval, "scrape-interval", "15s", "how often Prometheus scrapes, as in the settings of Grafana's data source: $__rate_interval is at least four times as long")
}

// options returns the options of a preview of the dashboards in files; without
// files, of dashgen's own.
func (f *drawFlags) options(p program, command string, files []string) (preview.Options, error) {
	prometheus, err := p.server(command, "--prometheus", f.prometheus)
	if err != nil {
		return preview.Options{}, err
	}
	interval, err := readDuration(command+": --scrape-interval", f.scrapeInterval)
	if err != nil {
		return preview.Options{}, err
	}
	read, err := readDashboards(files)
	if err != nil {
		return preview.Options{}, fmt.Errorf("%s: %w", command, err)
	}
	var all []dashboard.Dashboard
	for _, file := range read {
		d, err := preview.Servable(strings.TrimSuffix(filepath.Base(file.name), ".json"), file.Dashboard)
		if err != nil {
			return preview.Options{}, fmt.Errorf("%s: %s: %w", command, file.name, err)
		}
		all = append(all, d)
	}
	return preview.Options{Dashboards: all, Prometheus: prometheus, ScrapeInterval: interval}, nil
}
