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

// files finds gateways in files, which it reads again when one changes, and now
// and then in case a change was missed, as on network file systems.
type files struct {
	config.FileSD
	reporter
	known map[string][]*found // by file
}

// settle is how long after a change files are read: a file is often written in
// several steps.
const settle = 100 * time.Millisecond

// CheckFiles returns how many gateways the files list, and the first reason why
// they cannot be read.
func CheckFiles(all []config.FileSD) (int, error) {
	count := 0
	for _, sd := range all {
		for _, path := range paths(sd.Files) {
			found, err := readFile(path)
			if err != nil {
				return 0, fmt.Errorf("file_sd_configs: %w", err)
			}
			count += len(found)
		}
	}
	return count, nil
}

// File is for file_sd_configs.
func (m *finderMaker) File(sd config.FileSD) error {
	m.find = findInFiles(sd)
	return nil
}

func findInFiles(sd config.FileSD) finder {
	return func(ctx context.Context, out reporter) {
		f := files{sd, out, out.before}
		watcher, err := fsnotify.NewWatcher()
		if err != nil {
			out.failed(fmt.Errorf("watching files: %w: changes are seen every %s only", err, time.Duration(sd.RefreshInterval)))
			f.run(ctx, nil)
			return
		}
		f.run(ctx, watcher)
		if err := watcher.Close(); err != nil {
			out.failed(fmt.Errorf("watching files: %w", err))
		}
	}
}

// run watches until ctx ends. A nil watcher watches nothing.
func (f *files) run(ctx context.Context, watcher *fsnotify.Watcher) {
	refresh := time.NewTicker(time.Duration(f.RefreshInterval))
	defer refresh.Stop()
	var events <-chan fsnotify.Event
	var failures <-chan error
	if watcher != nil {
		events, failures = watcher.Events, watcher.Errors
	}
	for {
		if watcher != nil {
			f.watch(watcher)
		}
		f.read()
		select {
		case <-ctx.Done():
			return
		case <-refresh.C:
		case err := <-failures:
			f.failed(fmt.Errorf("watching files: %w", err))
		case <-events:
			if !drain(ctx, events) {
				return
			}
		}
	}
}

// drain takes the events of one change, and returns false if ctx ended.
func drain(ctx context.Context, events <-chan fsnotify.Event) bool {
	settled := time.After(settle)
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

// watch watches the folders and not the files, which editors and Kubernetes
// replace. It adds those that have come to be.
func (f *files) watch(watcher *fsnotify.Watcher) {
	for _, pattern := range f.Files {
		if err := watcher.Add(filepath.Dir(pattern)); err != nil {
			f.failed(fmt.Errorf("watching %s: %w", filepath.Dir(pattern), err))
		}
	}
}

// read reports what the files say now. Of a file that does not parse, what it
// said before stays.
func (f *files) read() {
	known := make(map[string][]*found)
	for _, path := range paths(f.Files) {
		all, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			f.failed(err)
			continue
		}
		if err != nil {
			f.failed(err)
			all = f.known[path]
		}
		known[path] = all
	}
	f.known = known
	f.found(slices.Concat(sortedValues(known)...))
}

// paths returns the files there are, and those that should be there.
func paths(patterns []string) []string {
	all := make(map[string]bool)
	for _, pattern := range patterns {
		if !strings.Contains(pattern, "*") {
			all[pattern] = true
			continue
		}
		matches, _ := filepath.Glob(pattern) // the configuration has checked the pattern
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

func readFile(path string) ([]*found, error) {
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

// parseFile reads YAML, or JSON, which is YAML too.
func parseFile(path string, text []byte) ([]*found, error) {
	var groups []targetGroup
	if err := config.Decode(text, &groups); err != nil {
		return nil, err
	}
	var all []*found
	for i, group := range groups {
		for name := range group.Labels {
			if !model.UTF8Validation.IsValidLabelName(name) {
				return nil, fmt.Errorf("entry %d: %q is not a label's name", i+1, name)
			}
		}
		for _, address := range group.Targets {
			all = append(all, group.find(path, address))
		}
	}
	return all, nil
}

func (g targetGroup) find(path, address string) *found {
	set := map[string]string{model.SchemeLabel: "http", contract.LabelGateway: address}
	maps.Copy(set, g.Labels)
	set[model.AddressLabel] = address
	set[model.MetaLabelPrefix+"filepath"] = path
	return &found{id: address, part: path, labels: labels.FromMap(set)}
}
