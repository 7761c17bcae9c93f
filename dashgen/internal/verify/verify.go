// Package verify asks a live Prometheus the queries of a board, and says which
// it cannot answer.
package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/query"
)

// State is what became of a query.
type State string

// States. Idle is what a share or a quantile is while nothing happens: there
// are series, but 0 divided by 0 is no number, and the panel is rightly blank.
const (
	Answered State = "answered"
	Idle     State = "idle"
	Empty    State = "empty"
	Failed   State = "failed"
)

// Sound tells whether a query in this state is as it should be.
func (s State) Sound() bool { return s == Answered || s == Idle }

// Report is what verify found, as --json prints it.
type Report struct {
	Panels  Panels   `json:"panels"`
	Queries []Result `json:"queries"`
}

// Panels counts panels; one is answered when each of its queries is sound.
type Panels struct {
	Total    int `json:"total"`
	Answered int `json:"answered"`
}

// Result is one query and what became of it. Error is why it failed; Notes are
// what Prometheus remarks on it.
type Result struct {
	Panel  string   `json:"panel"`
	Expr   string   `json:"expr"`
	Series int      `json:"series"`
	State  State    `json:"state"`
	Error  string   `json:"error"`
	Notes  []string `json:"notes,omitempty"`
}

// Prometheus is a server that answers PromQL.
type Prometheus struct {
	URL string
	api promv1.API
}

// limit is how long one query may take; Prometheus itself gives up after two
// minutes by default, and a panel that takes so long helps no one.
const limit = 30 * time.Second

// Dial prepares to ask the Prometheus at url; it does not connect yet.
func Dial(url string) (Prometheus, error) {
	client, err := api.NewClient(api.Config{Address: url, Client: &http.Client{Timeout: limit}})
	if err != nil {
		return Prometheus{}, fmt.Errorf("address of Prometheus %q: %w", url, err)
	}
	return Prometheus{URL: url, api: promv1.NewAPI(client)}, nil
}

// Ask runs each query of b, with v filled in, as of now. It fails when the
// server cannot be asked at all; a query that fails is a Result.
func (p Prometheus) Ask(ctx context.Context, b board.Board, v query.Values) (Report, error) {
	var report Report
	for _, variable := range b.Variables {
		if _, err := p.add(ctx, &report, "variable "+variable.Choice.Label, variable.Choice.Text(v)); err != nil {
			return Report{}, err
		}
	}
	for _, o := range b.Observables() {
		answered := true
		for _, s := range o.Series {
			sound, err := p.add(ctx, &report, o.Title, s.Query.Text(v))
			if err != nil {
				return Report{}, err
			}
			answered = answered && sound
		}
		report.Panels.Total++
		if answered {
			report.Panels.Answered++
		}
	}
	return report, nil
}

func (p Prometheus) add(ctx context.Context, report *Report, panel, expr string) (sound bool, err error) {
	result, err := p.ask(ctx, expr)
	result.Panel, result.Expr = panel, expr
	report.Queries = append(report.Queries, result)
	return result.State.Sound(), err
}

func (p Prometheus) ask(ctx context.Context, expr string) (Result, error) {
	value, warnings, infos, err := p.api.Query(ctx, expr, time.Time{})
	result := Result{Notes: slices.Concat([]string(warnings), []string(infos))}
	if refused := (*promv1.Error)(nil); errors.As(err, &refused) && aboutQuery(refused.Type) {
		result.State, result.Error = Failed, refused.Error()
		return result, nil
	}
	if err != nil {
		return Result{}, fmt.Errorf("asking Prometheus at %s: %w", p.URL, err)
	}
	vector, ok := value.(model.Vector)
	if !ok {
		result.State, result.Error = Failed, fmt.Sprintf("the answer is a %s, and a panel draws vectors", value.Type())
		return result, nil
	}
	result.Series, result.State = len(vector), state(vector)
	return result, nil
}

// aboutQuery tells what is wrong with one query from what is wrong with the
// server, where asking on is no use.
func aboutQuery(t promv1.ErrorType) bool {
	return t == promv1.ErrBadData || t == promv1.ErrExec || t == promv1.ErrTimeout
}

func state(vector model.Vector) State {
	if len(vector) == 0 {
		return Empty
	}
	for _, sample := range vector {
		if !math.IsNaN(float64(sample.Value)) {
			return Answered
		}
	}
	return Idle
}
