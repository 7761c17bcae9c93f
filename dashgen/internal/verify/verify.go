// Package verify asks a live Prometheus the queries of the boards and rules, and
// says which it cannot answer as they are meant.
package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// State is what became of a query.
type State string

// States. Idle is what a share or a quantile is while nothing happens: there
// are series, but 0 divided by 0 is no number, and the panel is rightly blank.
// Off is a panel without what it needs, as an option of the plugin. Quiet is an
// event or an alert without cause.
const (
	Answered State = "answered"
	Idle     State = "idle"
	Off      State = "off"
	Quiet    State = "quiet"
	Empty    State = "empty"
	Failed   State = "failed"
	Slow     State = "slow"
	Crowded  State = "too many series"
	Mismatch State = "type mismatch"
)

// Sound tells whether a query in this state is as it should be.
func (s State) Sound() bool { return slices.Contains([]State{Answered, Idle, Off, Quiet}, s) }

// Report is what verify found, as --json prints it.
type Report struct {
	Panels  Panels   `json:"panels"`
	Queries []Result `json:"queries"`
}

// Panels counts panels that have what they need; one is answered when each of
// its queries is sound. Off counts the others.
type Panels struct {
	Total    int `json:"total"`
	Answered int `json:"answered"`
	Off      int `json:"off"`
}

// Result is one query and what became of it. Error is why it failed; Notes are
// what Prometheus remarks on it.
type Result struct {
	Board   string   `json:"board"`
	Panel   string   `json:"panel"`
	Expr    string   `json:"expr"`
	Series  int      `json:"series"`
	Seconds float64  `json:"seconds"`
	State   State    `json:"state"`
	Sound   bool     `json:"sound"` // whether the state is
	Error   string   `json:"error"`
	Notes   []string `json:"notes,omitempty"`
}

// Limits are what a query must keep to.
type Limits struct {
	RateInterval string        // put in for $__rate_interval
	Slow         time.Duration // what takes longer is slow
	Series       int           // what answers with more is too many to read
}

// Prometheus is a server that answers PromQL.
type Prometheus struct {
	URL string
	api promv1.API
}

// limit is how long one query may take; Prometheus itself gives up after two
// minutes by default, and a panel that takes so long helps no one.
const limit = 30 * time.Second

// A panel over time is asked for as Grafana does: an hour, in 240 steps.
const (
	hour = time.Hour
	step = 15 * time.Second
)

// Dial prepares to ask the Prometheus at url; it does not connect yet.
func Dial(url string) (Prometheus, error) {
	client, err := api.NewClient(api.Config{Address: url, Client: &http.Client{Timeout: limit}})
	if err != nil {
		return Prometheus{}, fmt.Errorf("address of Prometheus %q: %w", url, err)
	}
	return Prometheus{URL: url, api: promv1.NewAPI(client)}, nil
}

// asking is one run over all queries.
type asking struct {
	Prometheus
	limits Limits
	now    time.Time // by Prometheus's clock
	report *Report
}

// Ask runs each query of all, with the variables filled in, as of now by the
// server's clock. It fails when the server cannot be asked at all; a query that
// fails is a Result.
func (p Prometheus) Ask(ctx context.Context, all board.Set, limits Limits) (Report, error) {
	now, err := p.now(ctx)
	if err != nil {
		return Report{}, err
	}
	a := asking{Prometheus: p, limits: limits, now: now, report: &Report{}}
	if err := a.types(ctx); err != nil {
		return Report{}, err
	}
	for _, b := range all.Boards {
		if err := a.board(ctx, b); err != nil {
			return Report{}, err
		}
	}
	return *a.report, a.rules(ctx, all)
}

func (p Prometheus) now(ctx context.Context) (time.Time, error) {
	value, _, _, err := p.api.Query(ctx, "time()", time.Time{})
	if err != nil {
		return time.Time{}, fmt.Errorf("asking Prometheus at %s: %w", p.URL, err)
	}
	scalar, ok := value.(*model.Scalar)
	if !ok {
		return time.Time{}, fmt.Errorf("asking Prometheus at %s: its time is a %s", p.URL, value.Type())
	}
	return scalar.Timestamp.Time(), nil
}

func (a asking) board(ctx context.Context, b board.Board) error {
	everything := b.Variables.AllSelected(a.limits.RateInterval)
	for i, v := range b.Variables {
		if _, err := a.add(ctx, asked{board: b.File, panel: "variable " + v.Name(), expr: b.Variables.Text(i, everything), blank: Empty}); err != nil {
			return err
		}
	}
	for _, e := range b.Annotations {
		if _, err := a.add(ctx, asked{board: b.File, panel: "annotation " + e.Title, expr: e.Query.Text(everything), overTime: true, blank: Quiet}); err != nil {
			return err
		}
	}
	for _, o := range b.Panels() {
		if err := a.panel(ctx, b.File, o, everything); err != nil {
			return err
		}
	}
	return nil
}

func (a asking) panel(ctx context.Context, file string, o board.Panel, v promql.Values) error {
	worst := Answered
	for _, s := range o.Series {
		state, err := a.add(ctx, asked{board: file, panel: o.Title, expr: s.Query.Text(v), overTime: o.Kind.OverTime(), blank: blank(o.Needs != "")})
		if err != nil {
			return err
		}
		if state == Off || !state.Sound() {
			worst = state
		}
	}
	if worst == Off {
		a.report.Panels.Off++
		return nil
	}
	a.report.Panels.Total++
	if worst.Sound() {
		a.report.Panels.Answered++
	}
	return nil
}

func blank(needsMore bool) State {
	if needsMore {
		return Off
	}
	return Empty
}

// rules asks for what is recorded, and for what alerts measure, without their
// limits: an alert without cause has no series.
func (a asking) rules(ctx context.Context, all board.Set) error {
	for _, r := range all.Recordings {
		expr := r.Query.Text(promql.RuleValues(a.limits.RateInterval, a.limits.RateInterval))
		if _, err := a.add(ctx, asked{board: "rules", panel: "recording " + r.Name, expr: expr, blank: blank(len(r.Query.Recorded()) > 0)}); err != nil {
			return err
		}
	}
	for _, alert := range all.Alerts() {
		expr := alert.Expr.Measured().Text(promql.RuleValues(a.limits.RateInterval, a.limits.RateInterval))
		if _, err := a.add(ctx, asked{board: "rules", panel: "alert " + alert.Name, expr: expr, blank: Quiet}); err != nil {
			return err
		}
	}
	return nil
}

// types compares the contract with what Prometheus was told of each metric when
// it scraped it. A server that keeps no metadata is not asked.
func (a asking) types(ctx context.Context) error {
	known, err := a.api.Metadata(ctx, "", "")
	if refused := (*promv1.Error)(nil); errors.As(err, &refused) && strings.Contains(refused.Msg, "404") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("asking Prometheus at %s for its metadata: %w", a.URL, err)
	}
	for _, m := range contract.Metrics() {
		for _, told := range known[m.Name] {
			if string(told.Type) != string(m.Type) {
				a.keep(Result{Board: "contract", Panel: "metric " + m.Name, Expr: m.Name, State: Mismatch,
					Error: fmt.Sprintf("the contract has a %s, and Prometheus scraped a %s: is another exporter's metric of that name there?", m.Type, told.Type)})
			}
		}
	}
	return nil
}

// asked is a query, and what it is when it has no answer.
type asked struct {
	board, panel, expr string
	overTime           bool
	blank              State
}

func (a asking) add(ctx context.Context, q asked) (State, error) {
	began := time.Now()
	result, err := a.ask(ctx, q)
	if err != nil {
		return "", err
	}
	took := time.Since(began)
	result.Board, result.Panel, result.Expr, result.Seconds = q.board, q.panel, q.expr, took.Seconds()
	switch {
	case result.State == Empty:
		result.State = q.blank
	case result.State.Sound() && took > a.limits.Slow:
		result.State, result.Error = Slow, fmt.Sprintf("it took %.1f s, and should take %s at most", took.Seconds(), a.limits.Slow)
	case result.State.Sound() && result.Series > a.limits.Series:
		result.State, result.Error = Crowded, fmt.Sprintf("%d series are too many to tell apart; at most %d", result.Series, a.limits.Series)
	}
	a.keep(result)
	return result.State, nil
}

func (a asking) keep(r Result) {
	r.Sound = r.State.Sound()
	a.report.Queries = append(a.report.Queries, r)
}

func (a asking) ask(ctx context.Context, q asked) (Result, error) {
	value, notes, err := a.query(ctx, q)
	result := Result{Notes: notes}
	if refused := (*promv1.Error)(nil); errors.As(err, &refused) && aboutQuery(refused.Type) {
		result.State, result.Error = Failed, refused.Error()
		return result, nil
	}
	if err != nil {
		return Result{}, fmt.Errorf("asking Prometheus at %s: %w", a.URL, err)
	}
	samples, ok := latest(value, model.TimeFromUnixNano(a.now.UnixNano()))
	if !ok {
		result.State, result.Error = Mismatch, fmt.Sprintf("the answer is a %s, and a panel draws vectors", value.Type())
		return result, nil
	}
	result.Series, result.State = len(samples), state(samples)
	return result, nil
}

func (a asking) query(ctx context.Context, q asked) (model.Value, []string, error) {
	if q.overTime {
		value, warnings, infos, err := a.api.QueryRange(ctx, q.expr, promv1.Range{Start: a.now.Add(-hour), End: a.now, Step: step})
		return value, slices.Concat([]string(warnings), []string(infos)), err
	}
	value, warnings, infos, err := a.api.Query(ctx, q.expr, a.now)
	return value, slices.Concat([]string(warnings), []string(infos)), err
}

// latest returns the samples of a vector, or those at the end of a range. It is
// not ok for another type.
func latest(value model.Value, end model.Time) ([]model.SampleValue, bool) {
	var samples []model.SampleValue
	switch v := value.(type) {
	case model.Vector:
		for _, s := range v {
			samples = append(samples, s.Value)
		}
		return samples, true
	case model.Matrix:
		for _, s := range v {
			if last := s.Values[len(s.Values)-1]; last.Timestamp == end {
				samples = append(samples, last.Value)
			}
		}
		return samples, true
	}
	return nil, false
}

// aboutQuery tells what is wrong with one query from what is wrong with the
// server, where asking on is no use.
func aboutQuery(t promv1.ErrorType) bool {
	return t == promv1.ErrBadData || t == promv1.ErrExec || t == promv1.ErrTimeout
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
