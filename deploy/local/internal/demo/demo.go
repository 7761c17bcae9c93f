// Package demo sends a corpus through a running stack and checks that all
// programs of the stack counted the same predictions.
package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/client"
	"github.com/moodring/moodring/deploy/local/internal/corpus"
	"github.com/moodring/moodring/deploy/local/internal/counts"
)

// Demo is one run of the demo.
type Demo struct {
	Client    client.Client
	Key       string // API key without a limit
	Sentences []corpus.Sentence
	Requests  int // number of sentences to send; after the last the first again
	Counts    counts.Reader
	Verify    func(context.Context) (Verified, error)
	Progress  func(format string, args ...any)
	Started   time.Time
}

// Refusals counts refused requests: responses that the demo received, and the
// counter in Prometheus.
type Refusals struct {
	Sent    int `json:"sent"`
	Counted int `json:"counted"`
}

// LabelCounts are the predictions of one label, as each program counted them.
type LabelCounts struct {
	ModelServer int `json:"modelserver"`
	Envoy       int `json:"envoy"`
	Exporter    int `json:"exporter"`
	Prometheus  int `json:"prometheus"`
}

// Result is the result of a demo.
type Result struct {
	OK          bool                   `json:"ok"`
	Seconds     float64                `json:"seconds"`
	Answers     map[string]LabelCounts `json:"answers"`
	Denied      Refusals               `json:"denied"`
	RateLimited Refusals               `json:"ratelimited"`
	Verified
	Differences []string `json:"differences,omitempty"`
}

const (
	parallel     = 4
	deniedCalls  = 5
	limitedCalls = 3  // requests that must be refused
	limitedTries = 40 // after as many requests the limit does not work; a new minute allows a few
	settleLimit  = 60 * time.Second
	settleEvery  = 250 * time.Millisecond
)

// Run sends the requests, waits until the counts agree, and compares them.
func (d Demo) Run(ctx context.Context) (Result, error) {
	if err := d.sendCorpus(ctx); err != nil {
		return Result{}, err
	}
	denied, limited, err := d.sendRefused(ctx)
	if err != nil {
		return Result{}, err
	}
	d.Progress("waiting for the scrapes")
	result, err := d.settle(ctx, denied, limited)
	if err != nil {
		return Result{}, err
	}
	d.Progress("running the queries of all panels, annotations, variables and rules")
	if result.Verified, err = d.Verify(ctx); err != nil {
		return Result{}, err
	}
	result.judge()
	result.Seconds = time.Since(d.Started).Seconds()
	return result, nil
}

// sendCorpus sends the sentences, several in parallel.
func (d Demo) sendCorpus(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		next, sent atomic.Int64
		group      sync.WaitGroup
	)
	for range parallel {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(d.Requests) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := d.sendOne(ctx, d.Sentences[int(i)%len(d.Sentences)].Text); err != nil {
					cancel(err)
					return
				}
				d.progress(int(sent.Add(1)))
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

func (d Demo) sendOne(ctx context.Context, text string) error {
	response, err := d.Client.Predict(ctx, client.Caller{IsAuthorized: true, Key: d.Key}, text)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the gateway answered a sentence with %s; it should have passed authorization and rate limit", response.Status)
	}
	return nil
}

func (d Demo) progress(sent int) {
	if step := max(1, d.Requests/10); sent%step == 0 || sent == d.Requests {
		d.Progress("sent %d of %d sentences", sent, d.Requests)
	}
}

// sendRefused sends requests that the gateway must refuse, and returns the number
// of refusals of each kind.
func (d Demo) sendRefused(ctx context.Context) (denied, limited int, err error) {
	d.Progress("making calls that must be refused")
	text := d.Sentences[0].Text
	for range deniedCalls {
		response, err := d.Client.Predict(ctx, client.Caller{Key: d.Key}, text)
		if err != nil {
			return 0, 0, err
		}
		if response.StatusCode != http.StatusForbidden {
			return 0, 0, fmt.Errorf("the gateway answered a call without the header with %s, not 403", response.Status)
		}
		denied++
	}
	for try := 0; limited < limitedCalls; try++ {
		if try == limitedTries {
			return 0, 0, fmt.Errorf("the gateway refused %d of %d calls without an API key; the rate limit does not hold", limited, try)
		}
		response, err := d.Client.Predict(ctx, client.Caller{IsAuthorized: true}, text)
		if err != nil {
			return 0, 0, err
		}
		if isLimited := response.StatusCode == http.StatusTooManyRequests; isLimited && response.Header.Get("x-envoy-ratelimited") == "true" {
			limited++
		} else if response.StatusCode != http.StatusOK {
			return 0, 0, fmt.Errorf("the gateway answered a call without an API key with %s, not 200 or a rate limit's 429", response.Status)
		}
	}
	return denied, limited, nil
}

// settle reads all counts until they agree, for at most half of settleLimit.
func (d Demo) settle(ctx context.Context, denied, limited int) (Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, settleLimit, errors.New("the counts could not be read in time"))
	defer cancel()
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	for deadline := time.Now().Add(settleLimit / 2); ; {
		result, err := d.read(ctx)
		if err != nil {
			return Result{}, err
		}
		result.Denied.Sent, result.RateLimited.Sent = denied, limited
		if len(result.countDifferences()) == 0 || time.Now().After(deadline) {
			return result, nil
		}
		select {
		case <-ctx.Done():
			return Result{}, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// read reads the counts of every program once.
func (d Demo) read(ctx context.Context) (Result, error) {
	model, modelErr := d.Counts.OfModelServer(ctx)
	envoy, envoyErr := d.Counts.OfEnvoy(ctx)
	exporter, exporterErr := d.Counts.OfExporter(ctx)
	prometheus, prometheusErr := d.Counts.OfPrometheus(ctx)
	denied, deniedErr := d.Counts.Denied(ctx)
	limited, limitedErr := d.Counts.RateLimited(ctx)
	result := Result{Answers: map[string]LabelCounts{}}
	for _, program := range []map[string]int{model, envoy, exporter, prometheus} {
		for label := range program {
			result.Answers[label] = LabelCounts{model[label], envoy[label], exporter[label], prometheus[label]}
		}
	}
	result.Denied.Counted, result.RateLimited.Counted = denied, limited
	return result, errors.Join(modelErr, envoyErr, exporterErr, prometheusErr, deniedErr, limitedErr)
}

// judge sets Differences and OK.
func (r *Result) judge() {
	r.Differences = r.countDifferences()
	if r.Panels.Answered != r.Panels.Total || r.Panels.Total == 0 {
		r.Differences = append(r.Differences, fmt.Sprintf("%d of %d panels have an answer", r.Panels.Answered, r.Panels.Total))
	}
	for _, query := range r.Unsound {
		r.Differences = append(r.Differences, "no sound answer: "+query)
	}
	r.OK = len(r.Differences) == 0
}

func (r *Result) countDifferences() (differences []string) {
	if len(r.Answers) == 0 {
		differences = append(differences, "no program counted a prediction")
	}
	for _, label := range slices.Sorted(maps.Keys(r.Answers)) {
		if a := r.Answers[label]; a.Envoy != a.ModelServer || a.Exporter != a.ModelServer || a.Prometheus != a.ModelServer {
			differences = append(differences, fmt.Sprintf("%q: model server %d, Envoy %d, exporter %d, Prometheus %d", label, a.ModelServer, a.Envoy, a.Exporter, a.Prometheus))
		}
	}
	if r.Denied.Sent != r.Denied.Counted {
		differences = append(differences, fmt.Sprintf("%d calls were denied, %d counted", r.Denied.Sent, r.Denied.Counted))
	}
	if r.RateLimited.Sent != r.RateLimited.Counted {
		differences = append(differences, fmt.Sprintf("%d calls were rate-limited, %d counted", r.RateLimited.Sent, r.RateLimited.Counted))
	}
	return differences
}
