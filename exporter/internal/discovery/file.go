package discovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
)

// fileSource finds gateways in files. The files are read after each change, and in
// each refresh interval because changes on network file systems can be missed.
type fileSource struct {
	config.FileSD
	sink
	results map[string][]*candidate // of the last successful read, by file

	isReported bool
}

// settleTime is the delay between a change and reading the files: programs often
// write a file in several steps.
const settleTime = 100 * time.Millisecond

// CheckFiles returns the number of gateways in the configured files, or the first
// error, also of a gateway that could not be scraped.
func CheckFiles(cfg *config.Config) (int, error) {
	all, err := staticCandidates(cfg.Gateways)
	if err != nil {
		return 0, err
	}
	for _, sd := range cfg.FileSD {
		for _, path := range paths(sd.Files) {
			candidates, err := readFile(path)
			if err != nil {
				return 0, fmt.Errorf("file_sd_configs: %w", err)
			}
			all = append(all, candidates...)
		}
	}
	if _, err := buildAll(all, cfg.RelabelConfigs); err != nil {
		return 0, fmt.Errorf("file_sd_configs: %w", err)
	}
	return len(all) - len(cfg.Gateways), nil
}

// File adds a discoverer for an entry of file_sd_configs.
func (c constructor) File(sd config.FileSD) error {
	return c.add(&sd, "", "looked in "+strings.Join(sd.Files, ", "), discoverFiles(sd))
}

func discoverFiles(sd config.FileSD) discoverer {
	return func(ctx context.Context, out sink) {
		s := fileSource{FileSD: sd, sink: out, results: out.previous}
		watcher, err := fsnotify.NewWatcher()
		if err != nil {
			out.fail(fmt.Errorf("watching files: %w: the files are read every %s only", err, time.Duration(sd.RefreshInterval)))
			s.run(ctx, nil)
			return
		}
		s.run(ctx, watcher)
		if err := watcher.Close(); err != nil {
			out.fail(fmt.Errorf("watching files: %w", err))
		}
	}
}

// run reads the files until ctx ends. If watcher is nil, only the refresh interval
// causes a read.
func (s *fileSource) run(ctx context.Context, watcher *fsnotify.Watcher) {
	refresh := time.NewTicker(time.Duration(s.RefreshInterval))
	defer refresh.Stop()
	var events <-chan fsnotify.Event
	var failures <-chan error
	if watcher != nil {
		events, failures = watcher.Events, watcher.Errors
	}
	for {
		if watcher != nil {
			s.watch(watcher)
		}
		s.read()
		select {
		case <-ctx.Done():
			return
		case <-refresh.C:
		case err := <-failures:
			s.fail(fmt.Errorf("watching files: %w", err))
		case <-events:
			if !drain(ctx, events) {
				return
			}
		}
	}
}

// drain receives the events of a single change, and returns false if ctx ended.
func drain(ctx context.Context, events <-chan fsnotify.Event) bool {
	settled := time.After(settleTime)
	for {
		select {
		case <-events:
		case <-settled:
			return true
		case <-ctx.Done():
			return false
		}
	}
}

// watch watches the folders of the files, because editors and Kubernetes replace
// the files themselves. Each call adds the folders created since the last one.
func (s *fileSource) watch(watcher *fsnotify.Watcher) {
	for _, pattern := range s.Files {
		if err := watcher.Add(filepath.Dir(pattern)); err != nil {
			s.fail(fmt.Errorf("watching %s: %w", filepath.Dir(pattern), err))
		}
	}
}

// read reads all files and updates the sink. If a file does not parse, its
// previous candidates are kept. The first update waits until a file can be read:
// files that are not there yet are no reason to drop the gateways from before a
// reload.
func (s *fileSource) read() {
	all := paths(s.Files)
	results := make(map[string][]*candidate, len(all))
	isFailing := false
	for _, path := range all {
		candidates, err := s.readFile(path)
		if err != nil {
			s.fail(err)
			isFailing = true
			var isKnown bool
			if candidates, isKnown = s.results[path]; !isKnown || errors.Is(err, fs.ErrNotExist) {
				continue
			}
		}
		results[path] = candidates
	}
	if !isFailing {
		s.succeed()
	}
	s.results = results
	s.isReported = s.isReported || len(results) > 0 || len(all) == 0
	if s.isReported {
		s.update(slices.Concat(sortedValues(results)...))
	}
}

// readFile returns the candidates in a file, with the source's settings.
func (s *fileSource) readFile(path string) ([]*candidate, error) {
	all, err := readFile(path)
	for _, c := range all {
		c.settings = &s.Source
	}
	return all, err
}

// paths returns the existing files that match a pattern with a *, and all files
// named without a *, whether or not they exist.
func paths(patterns []string) []string {
	all := make(map[string]bool)
	for _, pattern := range patterns {
		if !strings.Contains(pattern, "*") {
			all[pattern] = true
			continue
		}
		matches, _ := filepath.Glob(pattern) // the only error is a bad pattern, and config has checked the patterns
		for _, match := range matches {
			all[match] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func sortedValues[T any](all map[string]T) []T {
	values := make([]T, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		values = append(values, all[key])
	}
	return values
}

func readFile(path string) ([]*candidate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all, err := parseFile(path, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// targetGroup is an entry of Prometheus's file_sd format.
type targetGroup struct {
	Targets []string          `yaml:"targets"`
	Labels  map[string]string `yaml:"labels"`
}

// parseFile parses YAML or JSON, a subset of YAML.
func parseFile(path string, text []byte) ([]*candidate, error) {
	var groups []targetGroup
	if err := config.Decode(text, &groups); err != nil {
		return nil, err
	}
	var all []*candidate
	for i, group := range groups {
		for name := range group.Labels {
			if !model.UTF8Validation.IsValidLabelName(name) {
				return nil, fmt.Errorf("entry %d: %q is not a label name", i+1, name)
			}
		}
		for _, address := range group.Targets {
			all = append(all, group.candidate(path, address))
		}
	}
	return all, nil
}

func (g targetGroup) candidate(path, address string) *candidate {
	set := map[string]string{model.SchemeLabel: "http", contract.LabelGateway: config.WithoutUser(address)}
	maps.Copy(set, g.Labels)
	set[model.AddressLabel] = address
	set[model.MetaLabelPrefix+"filepath"] = path
	return &candidate{source: contract.SourceFile, id: address, origin: path, labels: labels.FromMap(set)}
}
