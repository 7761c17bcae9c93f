// Package board holds the dashboards as data: each panel's question, its
// queries, its alert and the next step. It does not depend on Grafana; other
// packages write a Board as a file.
package board

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Board is one dashboard.
type Board struct {
	// UID is the dashboard's address in Grafana. It must not change: an import
	// then replaces the older version, and links keep working.
	UID         string
	File        string // the file's name, without its extension
	Title       string
	Description string
	Variables   promql.Variables
	// Windows are the ranges that the reader can choose for rates of few events. The
	// first is the default.
	Windows     []string
	Annotations []Annotation
	Rows        []Row
	Choices
}

// Choices are a user's own settings of a board. They are empty for the usual board.
type Choices struct {
	Tags          []string // besides dashgen's own
	From, Refresh string   // as now-6h and 1m
	// Selector has matchers for each scraped metric, as job="moodring".
	Selector string
	// External is a label that Prometheus servers add to all their series. A variable
	// selects one of its values.
	External string
}

// Values returns the values for the queries of the board's dashboard.
func (b Board) Values() promql.Values {
	values := b.Variables.Grafana()
	values.Selector = b.Selector
	if b.External != "" {
		values.External = b.External + `="$` + b.External + `"`
	}
	return values
}

// Annotation marks an event in every panel that shows a time range.
type Annotation struct {
	Title string
	Text  string // {{label}} is replaced by the label's value
	// Query returns a series for each event, for as long as the mark is wide.
	Query promql.Query
	Color string // as #rrggbb
}

// Row is a group of panels with a heading.
type Row struct {
	Title  string
	Panels []Panel
	// Low rows have six low panels side by side.
	Low bool
	// Collapsed rows show no panels until the reader opens them.
	Collapsed bool
}

// Panel is a question, the queries that answer it, and the next step.
type Panel struct {
	Title    string
	Question string
	Kind     Kind
	Unit     Unit
	Series   []Series
	// Thresholds are in ascending order. The first has no lower end: its From is
	// ignored.
	Thresholds []Threshold
	Colors     Colors
	Rename     *Rename
	// Needs says when the panel has data, if it does not always have data.
	Needs string
	// Idle is the text of a panel without data, if that is a good sign.
	Idle string
	// Runbook links each alert of the panel to its runbook.
	Runbook bool
	Link    *DataLink
	Alert   *Alert
	NoAlert string // the reason, if there is no alert
	Next    string // the next step if the panel looks wrong
}

// Series is a query and the legend of its series. In the legend, {{label}} is
// replaced by the label's value.
type Series struct {
	Query  promql.Query
	Legend string
}

// Rename replaces the names of the series that match a regular expression.
type Rename struct{ Pattern, Name string }

// DataLink is a link from a series to the dashboard UID. The dashboard's variables
// Labels get the values of the series' labels of the same names, and the variables in
// Keep keep their values. The last label names the link.
type DataLink struct {
	UID    string
	Labels []string
	Keep   []string
}

// Level says how good a value is.
type Level string

// Levels.
const (
	Good Level = "good"
	Warn Level = "warn"
	Bad  Level = "bad"
)

// Worse returns the worse of two levels.
func (l Level) Worse(other Level) Level {
	order := []Level{Good, Warn, Bad}
	return order[max(slices.Index(order, l), slices.Index(order, other))]
}

// Threshold gives a level to the values from From on.
type Threshold struct {
	From  float64
	Level Level
}

// Panels returns the panels of all rows, in order.
func (b Board) Panels() []Panel {
	var all []Panel
	for _, row := range b.Rows {
		all = append(all, row.Panels...)
	}
	return all
}

// Shows returns the titles of the panels that read metric.
func (b Board) Shows(metric string) []string {
	var titles []string
	for _, p := range b.Panels() {
		if slices.ContainsFunc(p.Series, func(s Series) bool { return slices.Contains(s.Query.Metrics(), metric) }) {
			titles = append(titles, p.Title)
		}
	}
	return titles
}

// Validate returns all faults of b.
func (b Board) Validate() error {
	errs := []error{b.validateHead()}
	errs = append(errs, b.validateWindows())
	for _, v := range b.Variables {
		if err := validateVariable(v); err != nil {
			errs = append(errs, fmt.Errorf("variable %q: %w", v.Name(), err))
		}
	}
	for _, a := range b.Annotations {
		if err := a.validate(); err != nil {
			errs = append(errs, fmt.Errorf("annotation %q: %w", a.Title, err))
		}
	}
	seen := map[string]bool{}
	for _, p := range b.Panels() {
		if err := p.validate(); err != nil {
			errs = append(errs, fmt.Errorf("panel %q: %w", p.Title, err))
		}
		if seen[p.Title] {
			errs = append(errs, fmt.Errorf("panel %q: another panel has the same title", p.Title))
		}
		seen[p.Title] = true
	}
	return errors.Join(errs...)
}

func (a Annotation) validate() error {
	if a.Title == "" || a.Text == "" || a.Color == "" {
		return errors.New("it needs a title, a text and a colour")
	}
	if err := a.Query.Err(); err != nil {
		return err
	}
	return validateLegend(a.Text, a.Query)
}

// validateWindows checks that the board has windows to choose from if a query needs
// a window.
func (b Board) validateWindows() error {
	values := b.Variables.Grafana()
	for _, p := range b.Panels() {
		for _, s := range p.Series {
			if len(b.Windows) == 0 && strings.Contains(s.Query.Text(values), "$"+promql.WindowVariable) {
				return fmt.Errorf("panel %q: its queries need a window, and the board offers none", p.Title)
			}
		}
	}
	return nil
}

func validateVariable(v promql.Variable) error {
	if v.Title == "" {
		return errors.New("it needs a title")
	}
	return v.Err()
}

// uid matches the uids that Grafana accepts (the dashboard schema, "uid").
var uid = regexp.MustCompile(`^[a-z0-9-]{8,40}$`)

func (b Board) validateHead() error {
	if b.Title == "" || b.Description == "" || b.File == "" || !uid.MatchString(b.UID) {
		return fmt.Errorf("board %q: it needs a title, a description, a file name, and a uid of 8 to 40 of a-z, 0-9 and -", b.Title)
	}
	return nil
}

func (p Panel) validate() error {
	var errs []error
	refuse := func(when bool, why string) {
		if when {
			errs = append(errs, errors.New(why))
		}
	}
	refuse(p.Title == "" || p.Question == "" || p.Next == "", "it needs a title, a question, and a next step")
	refuse(strings.Contains(p.Question+p.Next+p.NoAlert+p.Needs+p.Idle, "$"), "Grafana would read a $ in its text as a variable")
	refuse(len(p.Series) == 0, "it needs a query")
	refuse((p.Alert == nil) == (p.NoAlert == ""), "set either Alert, or NoAlert with the reason")
	refuse(p.Kind.name == "", "it needs a kind that is listed in kind.go")
	refuse(p.Unit.name == "", "it needs a unit that is listed in unit.go")
	refuse(!slices.IsSortedFunc(tail(p.Thresholds), func(a, b Threshold) int { return cmp.Compare(a.From, b.From) }), "its thresholds do not ascend")
	for _, s := range p.Series {
		errs = append(errs, s.validate())
	}
	if p.Alert != nil {
		errs = append(errs, p.Alert.validate())
	}
	return errors.Join(errs...)
}

func tail(thresholds []Threshold) []Threshold { return thresholds[min(1, len(thresholds)):] }

func (s Series) validate() error {
	if err := s.Query.Err(); err != nil {
		return err
	}
	if s.Legend == "" {
		return fmt.Errorf("query %s: it needs a legend", s.Query.Text(RuleValues()))
	}
	return validateLegend(s.Legend, s.Query)
}

var placeholder = regexp.MustCompile(`{{(.*?)}}`)

// validateLegend checks that no two series of q have the same legend: the legend
// must name every label that the series have.
func validateLegend(legend string, q promql.Query) error {
	var named []string
	for _, match := range placeholder.FindAllStringSubmatch(legend, -1) {
		named = append(named, match[1])
	}
	for _, label := range named {
		if !slices.Contains(q.Labels(), label) {
			return fmt.Errorf("legend %q: the series have no label %s", legend, label)
		}
	}
	for _, label := range q.Labels() {
		if !slices.Contains(named, label) {
			return fmt.Errorf("legend %q: it lacks the label %s, so several series would have one name", legend, label)
		}
	}
	return nil
}
