// Package board holds what the dashboards show, as data: which questions are
// asked, by which queries, and what to do about the answers. It knows no
// Grafana; other rooms turn a Board into a file.
package board

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/query"
)

// Board is one dashboard.
type Board struct {
	// UID is the dashboard's address in a Grafana: importing a newer version
	// replaces the older one, and links to it keep working.
	UID         string
	Title       string
	Description string
	Variables   []Variable
	Rows        []Row
	// Unused lists the metrics of the contract that no panel shows.
	Unused []Unused
}

// Variable is a choice at the top of the dashboard.
type Variable struct {
	Title  string
	Choice query.Choice
}

// Row is a headed group of panels.
type Row struct {
	Title       string
	Observables []Observable
}

// Observable is one thing to see: a question and all that its answer needs.
type Observable struct {
	Title    string
	Question string
	Kind     Kind
	Unit     Unit
	Series   []Series
	// Thresholds are where the answer turns, ascending. The first one's From
	// is not used: it holds for all that is less than the second one's.
	Thresholds []Threshold
	Colors     Colors
	Alert      *Alert
	NoAlert    string // why there is none
	Next       string // what to do when the answer is not as it should be
}

// Series is a query, and the name of each series it answers with: text in
// which {{label}} is a label's value.
type Series struct {
	Query  query.Query
	Legend string
}

// Kind is how an observable is drawn.
type Kind string

// Kinds of panels.
const (
	Lines   Kind = "lines"   // over time
	Areas   Kind = "areas"   // over time, one upon the other
	Heatmap Kind = "heatmap" // over time, by le
	Bars    Kind = "bars"    // now, to compare
	Number  Kind = "number"  // now
)

// Unit is what an observable is measured in.
type Unit string

// Units.
const (
	Count     Unit = "count"      // shown to the last digit
	PerSecond Unit = "per second" // events
	Share     Unit = "share"      // 0 to 1, shown in percent
	Score     Unit = "score"      // 0 to 1
	Seconds   Unit = "seconds"
	UpDown    Unit = "up or down" // 1 or 0
)

// Level is how good an answer is.
type Level string

// Levels.
const (
	Good Level = "good"
	Warn Level = "warn"
	Bad  Level = "bad"
)

// Threshold says that answers of at least From are at Level.
type Threshold struct {
	From  float64
	Level Level
}

// Alert is a state in which someone should look, though no one is watching.
type Alert struct {
	Name string
	// When answers with one series for each thing that is wrong.
	When query.Query
	For  time.Duration
}

// AlertRange is the range of rates in alerts.
const AlertRange = "5m"

// Text returns the PromQL of the alert's condition.
func (a Alert) Text() string { return a.When.Text(query.Values{RateInterval: AlertRange}) }

// Unused is a metric that no panel shows, and why.
type Unused struct{ Metric, Reason string }

// Observables returns those of all rows, in order.
func (b Board) Observables() []Observable {
	var all []Observable
	for _, row := range b.Rows {
		all = append(all, row.Observables...)
	}
	return all
}

// Shows returns the titles of the panels that read metric.
func (b Board) Shows(metric string) []string {
	var titles []string
	for _, o := range b.Observables() {
		if slices.ContainsFunc(o.Series, func(s Series) bool { return slices.Contains(s.Query.Metrics(), metric) }) {
			titles = append(titles, o.Title)
		}
	}
	return titles
}

// Validate says all that keeps b from being a dashboard one can rely on.
func (b Board) Validate() error {
	errs := []error{b.named(), b.covers()}
	for _, v := range b.Variables {
		if err := v.validate(); err != nil {
			errs = append(errs, fmt.Errorf("variable %q: %w", v.Choice.Label, err))
		}
	}
	seen := map[string]bool{}
	for _, o := range b.Observables() {
		if err := o.validate(); err != nil {
			errs = append(errs, fmt.Errorf("panel %q: %w", o.Title, err))
		}
		if seen[o.Title] {
			errs = append(errs, fmt.Errorf("panel %q: the title stands twice", o.Title))
		}
		seen[o.Title] = true
	}
	return errors.Join(errs...)
}

func (v Variable) validate() error {
	if v.Title == "" {
		return errors.New("it needs a title")
	}
	return v.Choice.Err()
}

// uid is what Grafana takes for one (the dashboard schema, "uid").
var uid = regexp.MustCompile(`^[a-z0-9-]{8,40}$`)

func (b Board) named() error {
	if b.Title == "" || b.Description == "" || !uid.MatchString(b.UID) {
		return fmt.Errorf("board %q: it needs a title, a description, and a uid of 8 to 40 of a-z, 0-9 and -", b.Title)
	}
	return nil
}

// covers checks that each metric of the contract is either shown or left out
// for a reason, so that none is forgotten and no reason outlives its cause.
func (b Board) covers() error {
	reasons := map[string]string{}
	for _, u := range b.Unused {
		reasons[u.Metric] = u.Reason
	}
	var errs []error
	for _, metric := range contract.Metrics() {
		shown, reason := len(b.Shows(metric.Name)) > 0, reasons[metric.Name]
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

func (o Observable) validate() error {
	var errs []error
	refuse := func(when bool, why string) {
		if when {
			errs = append(errs, errors.New(why))
		}
	}
	refuse(o.Title == "" || o.Question == "" || o.Next == "", "it needs a title, a question, and what to do next")
	refuse(strings.Contains(o.Question+o.Next+o.NoAlert, "$"), "Grafana would take a $ in its text for a variable")
	refuse(len(o.Series) == 0, "it needs a query")
	refuse((o.Alert == nil) == (o.NoAlert == ""), "it has either an alert or a reason for none")
	refuse(!slices.Contains([]Kind{Lines, Areas, Heatmap, Bars, Number}, o.Kind), "unknown kind "+string(o.Kind))
	refuse(!slices.Contains([]Unit{Count, PerSecond, Share, Score, Seconds, UpDown}, o.Unit), "unknown unit "+string(o.Unit))
	refuse(!slices.IsSortedFunc(tail(o.Thresholds), func(a, b Threshold) int { return cmp.Compare(a.From, b.From) }), "its thresholds do not ascend")
	for _, s := range o.Series {
		errs = append(errs, s.validate())
	}
	if o.Alert != nil {
		errs = append(errs, o.Alert.validate())
	}
	return errors.Join(errs...)
}

func tail(thresholds []Threshold) []Threshold { return thresholds[min(1, len(thresholds)):] }

var placeholder = regexp.MustCompile(`{{(.*?)}}`)

func (s Series) validate() error {
	if err := s.Query.Err(); err != nil {
		return err
	}
	if s.Legend == "" {
		return fmt.Errorf("query %s: it needs a legend", s.Query.Text(query.Grafana()))
	}
	var named []string
	for _, match := range placeholder.FindAllStringSubmatch(s.Legend, -1) {
		named = append(named, match[1])
	}
	for _, label := range named {
		if !slices.Contains(s.Query.Labels(), label) {
			return fmt.Errorf("legend %q: the series have no label %s", s.Legend, label)
		}
	}
	for _, label := range s.Query.Labels() {
		if !slices.Contains(named, label) {
			return fmt.Errorf("legend %q: it does not tell series of different %s apart", s.Legend, label)
		}
	}
	return nil
}

func (a Alert) validate() error {
	if err := a.When.Err(); err != nil {
		return fmt.Errorf("alert %s: %w", a.Name, err)
	}
	if a.Name == "" || a.For <= 0 {
		return fmt.Errorf("alert %q: it needs a name, and how long its state must last", a.Name)
	}
	return nil
}
