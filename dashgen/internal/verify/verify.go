// Package verify runs the queries of the dashboards and rules on a live
// Prometheus, and reports queries with unexpected results.
package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/prom"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// State is the outcome of a query.
type State string

// States. Idle is the state of a share or a quantile without traffic: there are
// series, but 0 divided by 0 is not a number, and a blank panel is correct. Off is
// the state of a panel that needs a baseline, or a disabled option of the plugin.
// Quiet is the state of an annotation or an alert without series, which is normal.
const (
	Answered State = "answered"
	Idle     State = "idle"
	Off      State = "not configured"
	Quiet    State = "quiet"
	Empty    State = "empty"
	Failed   State = "failed"
	Slow     State = "slow"
	Crowded  State = "too many series"
	Mismatch State = "type mismatch"
)

// order has the states, those that need a person first.
var order = []State{Failed, Mismatch, Empty, Slow, Crowded, Off, Idle, Quiet, Answered}

// WorstFirst returns the results with those that need a person first. Results of one
// state stay in their order.
func (r Report) WorstFirst() []Result {
	sorted := slices.Clone(r.Queries)
	slices.SortStableFunc(sorted, func(a, b Result) int { return slices.Index(order, a.State) - slices.Index(order, b.State) })
	return sorted
}

// Sound reports whether a query in this state is as it should be.
func (s State) Sound() bool { return slices.Contains([]State{Answered, Idle, Off, Quiet}, s) }

// Report is the result of a run, as --json prints it.
type Report struct {
	Panels  Panels   `json:"panels"`
	Queries []Result `json:"queries"`
}

// Panels counts panels. Total leaves out panels that are Off. A panel is
// answered if each of its queries is sound.
type Panels struct {
	Total    int `json:"total"`
	Answered int `json:"answered"`
	Off      int `json:"off"`
}

// Result is a query and its outcome. Error is the reason of a state that is not
// sound. Notes are Prometheus's remarks on the query.
type Result struct {
	Board   string   `json:"board"`
	Panel   string   `json:"panel"`
	Expr    string   `json:"expr"`
	Series  int      `json:"series"`
	Seconds float64  `json:"seconds"`
	State   State    `json:"state"`
	Sound   bool     `json:"sound"` // State.Sound()
	Error   string   `json:"error"`
	Notes   []string `json:"notes,omitempty"`
}

// Limits are the limits of a sound query.
type Limits struct {
	RateInterval string        // the value of $__rate_interval
	Slow         time.Duration // the longest time that a query may take
	Series       int           // the most series that a query may return
}

// A query over time covers an hour in 240 steps, as a Grafana panel does.
const (
	hour = time.Hour
	step = 15 * time.Second
)

// run is one pass over all queries.
type run struct {
	prometheus prom.Client
	limits     Limits
	now        time.Time // by Prometheus's clock
	report     *Report
}

// Run runs each query of all, with the variables filled in, as of now by the
// clock of Prometheus. A query that fails is a Result. Run returns an error if
// Prometheus does not reply.
func Run(ctx context.Context, prometheus prom.Client, all board.Set, limits Limits) (Report, error) {
	now, err := prometheus.Now(ctx)
	if err != nil {
		return Report{}, err
	}
	r := run{prometheus, limits, now, &Report{}}
	if err := r.types(ctx); err != nil {
		return Report{}, err
	}
	for _, b := range all.Boards {
		if err := r.board(ctx, b); err != nil {
			return Report{}, err
		}
	}
	return *r.report, r.rules(ctx, all)
}

func (r run) board(ctx context.Context, b board.Board) error {
	everything := b.Variables.AllSelected(r.limits.RateInterval)
	for i, v := range b.Variables {
		if _, err := r.query(ctx, query{board: b.File, panel: "variable " + v.Name(), expr: b.Variables.Text(i, everything), blank: Empty}); err != nil {
			return err
		}
	}
	for _, annotation := range b.Annotations {
		if _, err := r.query(ctx, query{board: b.File, panel: "annotation " + annotation.Title, expr: annotation.Query.Text(everything), overTime: true, blank: Quiet}); err != nil {
			return err
		}
	}
	for _, p := range b.Panels() {
		if err := r.panel(ctx, b.File, p, everything); err != nil {
			return err
		}
	}
	return nil
}

func (r run) panel(ctx context.Context, file string, p board.Panel, v promql.Values) error {
	worst := Answered
	for _, s := range p.Series {
		state, err := r.query(ctx, query{board: file, panel: p.Title, expr: s.Query.Text(v), overTime: p.Kind.OverTime, blank: blank(p)})
		if err != nil {
			return err
		}
		if state == Off || !state.Sound() {
			worst = state
		}
	}
	if worst == Off {
		r.report.Panels.Off++
		return nil
	}
	r.report.Panels.Total++
	if worst.Sound() {
		r.report.Panels.Answered++
	}
	return nil
}

// blank returns the state of a panel without series.
func blank(p board.Panel) State {
	switch {
	case p.Needs != "":
		return Off
	case p.Idle != "":
		return Quiet
	}
	return Empty
}

// blankRecording returns the state of a recording without series. Drift needs a
// baseline, confidence needs replies with scores, and values need a model that answers
// numbers.
func blankRecording(r promql.Recording) State {
	reads := func(metric string) bool { return slices.Contains(r.Query.Metrics(), metric) }
	if len(r.Query.Recorded()) > 0 || reads(contract.Confidence) || reads(contract.PredictionValue) {
		return Off
	}
	return Empty
}

// rules runs the queries of recording rules and alerts. The query of an alert is
// run without its limit, because an alert that does not fire has no series.
func (r run) rules(ctx context.Context, all board.Set) error {
	everything := promql.RuleValues(r.limits.RateInterval, r.limits.RateInterval)
	for _, recording := range all.Recordings {
		q := query{board: "rules", panel: "recording " + recording.Name, expr: recording.Query.Text(everything), blank: blankRecording(recording)}
		if _, err := r.query(ctx, q); err != nil {
			return err
		}
	}
	for _, alert := range all.Alerts() {
		q := query{board: "rules", panel: "alert " + alert.Name, expr: alert.Expr.Measured().Text(everything), blank: Quiet}
		if _, err := r.query(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// types compares the metric types in the contract with the scraped types. It skips
// servers without the metadata API, such as some stores with PromQL.
func (r run) types(ctx context.Context) error {
	scraped, err := r.prometheus.Metadata(ctx)
	if refused := (*promv1.Error)(nil); errors.As(err, &refused) && strings.Contains(refused.Msg, "404") {
		return nil
	}
	if err != nil {
		return err
	}
	for _, m := range contract.Metrics() {
		for _, entry := range scraped[m.Name] {
			if string(entry.Type) != string(m.Type) {
				r.add(Result{Board: "contract", Panel: "metric " + m.Name, Expr: m.Name, State: Mismatch,
					Error: fmt.Sprintf("the contract has a %s, and Prometheus scraped a %s: does another exporter serve a metric of this name?", m.Type, entry.Type)})
			}
		}
	}
	return nil
}

// query is a query and its place.
type query struct {
	board, panel, expr string
	overTime           bool
	blank              State // the state if the result is empty
}

// query runs a query and adds its result to the report.
func (r run) query(ctx context.Context, q query) (State, error) {
	began := time.Now()
	result, err := r.result(ctx, q)
	if err != nil {
		return "", err
	}
	took := time.Since(began)
	result.Board, result.Panel, result.Expr, result.Seconds = q.board, q.panel, q.expr, took.Seconds()
	switch {
	case result.State == Empty:
		result.State = q.blank
	case result.State.Sound() && took > r.limits.Slow:
		result.State, result.Error = Slow, fmt.Sprintf("it took %.1f s, and should take %s at most", took.Seconds(), r.limits.Slow)
	case result.State.Sound() && result.Series > r.limits.Series:
		result.State, result.Error = Crowded, fmt.Sprintf("%d series are too many to tell apart; at most %d", result.Series, r.limits.Series)
	}
	r.add(result)
	return result.State, nil
}

func (r run) add(result Result) {
	result.Sound = result.State.Sound()
	r.report.Queries = append(r.report.Queries, result)
}

func (r run) result(ctx context.Context, q query) (Result, error) {
	value, notes, err := r.value(ctx, q)
	result := Result{Notes: notes}
	if refused := (*promv1.Error)(nil); prom.IsAboutQuery(err) && errors.As(err, &refused) {
		result.State, result.Error = Failed, refused.Error()
		return result, nil
	}
	if err != nil {
		return Result{}, err
	}
	samples, ok := latest(value, model.TimeFromUnixNano(r.now.UnixNano()))
	if !ok {
		result.State, result.Error = Mismatch, fmt.Sprintf("the result is a %s, and a panel draws vectors", value.Type())
		return result, nil
	}
	result.Series, result.State = len(samples), state(samples)
	return result, nil
}

func (r run) value(ctx context.Context, q query) (value model.Value, notes []string, err error) {
	if q.overTime {
		return r.prometheus.QueryRange(ctx, q.expr, promv1.Range{Start: r.now.Add(-hour), End: r.now, Step: step})
	}
	return r.prometheus.Query(ctx, q.expr, r.now)
}

// latest returns the samples of a vector, or the samples in the last step of a matrix:
// VictoriaMetrics and Mimir move the times to multiples of the step. It leaves out
// native histograms, which no panel draws. ok is false for another type.
func latest(value model.Value, end model.Time) (samples []model.SampleValue, ok bool) {
	switch v := value.(type) {
	case model.Vector:
		for _, s := range v {
			if s.Histogram == nil {
				samples = append(samples, s.Value)
			}
		}
		return samples, true
	case model.Matrix:
		for _, s := range v {
			if n := len(s.Values); n > 0 && s.Values[n-1].Timestamp.After(end.Add(-step)) {
				samples = append(samples, s.Values[n-1].Value)
			}
		}
		return samples, true
	}
	return nil, false
}

func state(samples []model.SampleValue) State {
	if len(samples) == 0 {
		return Empty
	}
	for _, value := range samples {
		if !math.IsNaN(float64(value)) {
			return Answered
		}
	}
	return Idle
}
