package board

import (
	"errors"
	"fmt"
	"slices"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Set holds all dashboards and recording rules. The alerts are in the panels.
type Set struct {
	Boards     []Board
	Recordings []promql.Recording
	// Baselines are series that users record for their models (dashgen baseline).
	Baselines []promql.Recording
	// Others are series that Prometheus itself writes.
	Others []promql.Recording
}

// Alerts returns the alerts of all boards. An alert on several boards is
// returned once.
func (s Set) Alerts() []Alert {
	var all []Alert
	for _, b := range s.Boards {
		for _, p := range b.Panels() {
			if p.Alert != nil && !slices.ContainsFunc(all, func(a Alert) bool { return a.Name == p.Alert.Name }) {
				all = append(all, *p.Alert)
			}
		}
	}
	return all
}

// Validate returns all faults of s.
func (s Set) Validate() error {
	errs := []error{s.validateMetrics(), s.validateRecordings(), s.validateNames(), s.validateLinks()}
	for _, b := range s.Boards {
		if err := b.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("board %s: %w", b.File, err))
		}
	}
	return errors.Join(errs...)
}

// validateMetrics checks that a panel shows each metric of the contract.
func (s Set) validateMetrics() error {
	var errs []error
	for _, metric := range contract.Metrics() {
		if !slices.ContainsFunc(s.Boards, func(b Board) bool { return len(b.Shows(metric.Name)) > 0 }) {
			errs = append(errs, fmt.Errorf("metric %s: no panel shows it", metric.Name))
		}
	}
	return errors.Join(errs...)
}

// validateRecordings checks that each recorded series is read, and that each
// series that a query reads is recorded.
func (s Set) validateRecordings() error {
	read := map[string]bool{}
	for _, q := range s.queries() {
		for _, name := range q.Recorded() {
			read[name] = true
		}
	}
	var errs []error
	for _, r := range s.Recordings {
		if !read[r.Name] {
			errs = append(errs, fmt.Errorf("recording %s: no query reads it", r.Name))
		}
		delete(read, r.Name)
	}
	for _, r := range slices.Concat(s.Baselines, s.Others) {
		delete(read, r.Name)
	}
	for name := range read {
		errs = append(errs, fmt.Errorf("series %s: no rule records it", name))
	}
	return errors.Join(errs...)
}

func (s Set) queries() []promql.Query {
	var all []promql.Query
	for _, r := range s.Recordings {
		all = append(all, r.Query)
	}
	for _, b := range s.Boards {
		for _, p := range b.Panels() {
			for _, series := range p.Series {
				all = append(all, series.Query)
			}
			if p.Alert != nil {
				all = append(all, p.Alert.Expr)
			}
		}
	}
	return all
}

// validateNames checks that uids and file names are unique, and that alerts of
// the same name have the same expression.
func (s Set) validateNames() error {
	var errs []error
	seen := map[string]string{}
	claim := func(kind, name, value string) {
		if before, ok := seen[kind+name]; ok && before != value {
			errs = append(errs, fmt.Errorf("%s %s is used twice", kind, name))
		}
		seen[kind+name] = value
	}
	for _, b := range s.Boards {
		claim("uid", b.UID, b.File)
		claim("file", b.File, b.UID)
		for _, p := range b.Panels() {
			if p.Alert != nil {
				claim("alert", p.Alert.Name, p.Alert.Text())
			}
		}
	}
	return errors.Join(errs...)
}

// validateLinks checks that each data link opens a board that has its variables.
func (s Set) validateLinks() error {
	var errs []error
	for _, b := range s.Boards {
		for _, p := range b.Panels() {
			if p.Link == nil {
				continue
			}
			for _, label := range p.Link.Labels {
				if !s.hasVariable(p.Link.UID, label) {
					errs = append(errs, fmt.Errorf("panel %q: no board %s has a variable %s", p.Title, p.Link.UID, label))
				}
			}
		}
	}
	return errors.Join(errs...)
}

func (s Set) hasVariable(uid, name string) bool {
	return slices.ContainsFunc(s.Boards, func(b Board) bool {
		return b.UID == uid && slices.ContainsFunc(b.Variables, func(v promql.Variable) bool { return v.Name() == name })
	})
}
