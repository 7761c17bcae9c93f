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

	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Board is one dashboard.
type Board struct {
	// UID is the dashboard's address in a Grafana: importing a newer version
	// replaces the older one, and links to it keep working.
	UID         string
	File        string // the file's name, without its extension
	Title       string
	Description string
	Variables   promql.Variables
	Annotations []Annotation
	Rows        []Row
}

// Annotation is something that happened, marked in every panel over time.
type Annotation struct {
	Title string
	Text  string // with {{label}} for a label's value
	// Query answers with one series for each thing that happened, for as long
	// as the mark is wide.
	Query promql.Query
	Color string // as #rrggbb
}

// Row is a headed group of panels.
type Row struct {
	Title  string
	Panels []Panel
}

// Panel is one thing to see: a question and all that its answer needs.
type Panel struct {
	Title    string
	Question string
	Kind     Kind
	Unit     Unit
	Series   []Series
	// Thresholds are where the answer turns, ascending. The first one's From
	// is not used: it holds for all that is less than the second one's.
	Thresholds []Threshold
	Colors     Colors
	// Needs is what the panel is empty without, if that is not always there.
	Needs string
	// Opens is the board to go to from a series that has the label Label.
	Link    *DataLink
	Alert   *Alert
	NoAlert string // why there is none
	Next    string // what to do when the answer is not as it should be
}

// Series is a query, and the name of each series it answers with: text in
// which {{label}} is a label's value.
type Series struct {
	Query  promql.Query
	Legend string
}

// DataLink leads from a series to the board UID, with the series' value of Label
// chosen there.
type DataLink struct{ UID, Label string }

// Kind is how an observable is drawn.
type Kind string

// Kinds of panels.
const (
	TimeSeries        Kind = "time series"         // over time
	StackedTimeSeries Kind = "stacked time series" // over time, one upon the other
	Heatmap           Kind = "heatmap"             // over time, by le
	BarGauge          Kind = "bar gauge"           // now, to compare
	Stat              Kind = "stat"                // now
	StateTimeline     Kind = "state timeline"      // over time, one of few states
	Table             Kind = "table"               // now, a line for each series
)

// OverTime tells whether the kind shows a time range, and not just now.
func (k Kind) OverTime() bool {
	return k == TimeSeries || k == StackedTimeSeries || k == Heatmap || k == StateTimeline
}

// Unit is what an observable is measured in.
type Unit string

// Units.
const (
	Count      Unit = "count"      // shown to the last digit
	PerSecond  Unit = "per second" // events
	Share      Unit = "share"      // 0 to 1, shown in percent
	Score      Unit = "score"      // 0 to 1
	Seconds    Unit = "seconds"
	UpDown     Unit = "up or down" // 1 or 0
	YesNo      Unit = "yes or no"  // 1 or 0
	Bytes      Unit = "bytes per second"
	Distance   Unit = "distance"   // of two mixes; 0 is none
	Shift      Unit = "shift"      // of a share, -1 to 1, shown in percent
	Difference Unit = "difference" // of scores, -1 to 1
	Size       Unit = "size"       // a mean of counts
	Memory     Unit = "bytes"
	Celsius    Unit = "degrees Celsius"
	Amount     Unit = "amount" // any number, less than 0 too
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

// Unused is a metric that no panel shows, and why.
type Unused struct{ Metric, Reason string }

// Panels returns those of all rows, in order.
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
	for _, o := range b.Panels() {
		if slices.ContainsFunc(o.Series, func(s Series) bool { return slices.Contains(s.Query.Metrics(), metric) }) {
			titles = append(titles, o.Title)
		}
	}
	return titles
}

// Validate says all that keeps b from being a dashboard one can rely on.
func (b Board) Validate() error {
	errs := []error{b.named()}
	for _, v := range b.Variables {
		if err := validateVariable(v); err != nil {
			errs = append(errs, fmt.Errorf("variable %q: %w", v.Name(), err))
		}
	}
	for _, e := range b.Annotations {
		if err := e.validate(); err != nil {
			errs = append(errs, fmt.Errorf("annotation %q: %w", e.Title, err))
		}
	}
	seen := map[string]bool{}
	for _, o := range b.Panels() {
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

func (e Annotation) validate() error {
	if e.Title == "" || e.Text == "" || e.Color == "" {
		return errors.New("it needs a title, a text and a colour")
	}
	if err := e.Query.Err(); err != nil {
		return err
	}
	return named(e.Text, e.Query)
}

func validateVariable(v promql.Variable) error {
	if v.Title == "" {
		return errors.New("it needs a title")
	}
	return v.Err()
}

// uid is what Grafana takes for one (the dashboard schema, "uid").
var uid = regexp.MustCompile(`^[a-z0-9-]{8,40}$`)

func (b Board) named() error {
	if b.Title == "" || b.Description == "" || b.File == "" || !uid.MatchString(b.UID) {
		return fmt.Errorf("board %q: it needs a title, a description, a file name, and a uid of 8 to 40 of a-z, 0-9 and -", b.Title)
	}
	return nil
}

func (o Panel) validate() error {
	var errs []error
	refuse := func(when bool, why string) {
		if when {
			errs = append(errs, errors.New(why))
		}
	}
	refuse(o.Title == "" || o.Question == "" || o.Next == "", "it needs a title, a question, and what to do next")
	refuse(strings.Contains(o.Question+o.Next+o.NoAlert+o.Needs, "$"), "Grafana would take a $ in its text for a variable")
	refuse(len(o.Series) == 0, "it needs a query")
	refuse((o.Alert == nil) == (o.NoAlert == ""), "it has either an alert or a reason for none")
	refuse(!slices.Contains([]Kind{TimeSeries, StackedTimeSeries, Heatmap, BarGauge, Stat, StateTimeline, Table}, o.Kind), "unknown kind "+string(o.Kind))
	refuse(!slices.Contains([]Unit{Count, PerSecond, Share, Score, Seconds, UpDown, YesNo, Bytes, Distance, Shift, Difference, Size, Memory, Celsius, Amount}, o.Unit), "unknown unit "+string(o.Unit))
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
		return fmt.Errorf("query %s: it needs a legend", s.Query.Text(RuleValues()))
	}
	return named(s.Legend, s.Query)
}

// named checks that a text with {{label}} in it tells the series of q apart.
func named(text string, q promql.Query) error {
	var named []string
	for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
		named = append(named, match[1])
	}
	for _, label := range named {
		if !slices.Contains(q.Labels(), label) {
			return fmt.Errorf("legend %q: the series have no label %s", text, label)
		}
	}
	for _, label := range q.Labels() {
		if !slices.Contains(named, label) {
			return fmt.Errorf("legend %q: it does not tell series of different %s apart", text, label)
		}
	}
	return nil
}
