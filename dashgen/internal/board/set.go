package board

import (
	"errors"
	"fmt"
	"slices"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Set is all boards, and the recordings and alerts that stand on them.
type Set struct {
	Boards     []Board
	Recordings []promql.Recording
	// Baselines are recorded for each model by those who know how it should be.
	Baselines []promql.Recording
	// Others are series that Prometheus makes itself.
	Others []promql.Recording
	// Unused lists the metrics of the contract that no panel shows.
	Unused []Unused
}

// Alerts returns the alerts of all boards, each once.
func (s Set) Alerts() []Alert {
	var all []Alert
	for _, b := range s.Boards {
		for _, o := range b.Panels() {
			if o.Alert != nil && !slices.ContainsFunc(all, func(a Alert) bool { return a.Name == o.Alert.Name }) {
				all = append(all, *o.Alert)
			}
		}
	}
	return all
}

// Validate says all that keeps s from being dashboards one can rely on.
func (s Set) Validate() error {
	errs := []error{s.covers(), s.records(), s.once(), s.doors()}
	for _, b := range s.Boards {
		if err := b.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("board %s: %w", b.File, err))
		}
	}
	return errors.Join(errs...)
}

// covers checks that each metric of the contract is either shown or left out
// for a reason, so that none is forgotten and no reason outlives its cause.
func (s Set) covers() error {
	reasons := map[string]string{}
	for _, u := range s.Unused {
		reasons[u.Metric] = u.Reason
	}
	var errs []error
	for _, metric := range contract.Metrics() {
		shown, reason := s.shows(metric.Name), reasons[metric.Name]
		if shown == (reason != "") {
			errs = append(errs, fmt.Errorf("metric %s: it is either shown by a panel or listed as unused with a reason", metric.Name))
		}
		delete(reasons, metric.Name)
	}
	for name := range reasons {
		errs = append(errs, fmt.Errorf("metric %s: listed as unused, but not in the contract", name))
	}
	return errors.Join(errs...)
}

func (s Set) shows(metric string) bool {
	return slices.ContainsFunc(s.Boards, func(b Board) bool { return len(b.Shows(metric)) > 0 })
}

// records checks that every recorded series that something reads is recorded,
// and every one that is recorded is read.
func (s Set) records() error {
	read := map[string]bool{}
	for _, q := range s.queries() {
		for _, name := range q.Recorded() {
			read[name] = true
		}
	}
	var errs []error
	for _, r := range s.Recordings {
		if !read[r.Name] {
			errs = append(errs, fmt.Errorf("recording %s: nothing reads it", r.Name))
		}
		delete(read, r.Name)
	}
	for _, r := range s.Baselines {
		delete(read, r.Name)
	}
	for name := range read {
		errs = append(errs, fmt.Errorf("series %s: nothing records it", name))
	}
	return errors.Join(errs...)
}

func (s Set) queries() []promql.Query {
	var all []promql.Query
	for _, r := range s.Recordings {
		all = append(all, r.Query)
	}
	for _, b := range s.Boards {
		for _, o := range b.Panels() {
			for _, series := range o.Series {
				all = append(all, series.Query)
			}
			if o.Alert != nil {
				all = append(all, o.Alert.Expr)
			}
		}
	}
	return all
}

// once checks what must not stand twice, or must be the same where it does.
func (s Set) once() error {
	var errs []error
	seen := map[string]string{}
	claim := func(kind, name, value string) {
		if before, ok := seen[kind+name]; ok && before != value {
			errs = append(errs, fmt.Errorf("%s %s stands twice", kind, name))
		}
		seen[kind+name] = value
	}
	for _, b := range s.Boards {
		claim("uid", b.UID, b.File)
		claim("file", b.File, b.UID)
		for _, o := range b.Panels() {
			if o.Alert != nil {
				claim("alert", o.Alert.Name, o.Alert.Text())
			}
		}
	}
	return errors.Join(errs...)
}

// doors checks that each leads to a board that has its variable.
func (s Set) doors() error {
	var errs []error
	for _, b := range s.Boards {
		for _, o := range b.Panels() {
			if o.Link != nil && !s.leads(*o.Link) {
				errs = append(errs, fmt.Errorf("panel %q: no board %s has a variable %s", o.Title, o.Link.UID, o.Link.Label))
			}
		}
	}
	return errors.Join(errs...)
}

func (s Set) leads(d DataLink) bool {
	return slices.ContainsFunc(s.Boards, func(b Board) bool {
		return b.UID == d.UID && slices.ContainsFunc(b.Variables, func(v promql.Variable) bool { return v.Name() == d.Label })
	})
}
