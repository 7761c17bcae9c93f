// Package drift sends the corpus to a running stack, first unchanged, then with the
// share of one label doubled, and checks that the drift alert fires only for the
// second mix.
package drift

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/client"
	"github.com/moodring/moodring/deploy/local/internal/corpus"
)

// Drift is one run of the check.
type Drift struct {
	Client           client.Client
	Key              string            // API key without a limit
	Natural, Doubled []corpus.Sentence // the corpus, unchanged and with Label's share doubled
	Prometheus       Prometheus
	Window, For      time.Duration // of the rules in Prometheus
	// Picture draws the model dashboard over the last duration, at the end of the
	// second phase. It may be nil.
	Picture  func(ctx context.Context, shown time.Duration) error
	Progress func(format string, args ...any)
	Started  time.Time
}

// Label is the label whose share is doubled.
const Label = "joy"

const (
	parallel = 4 // requests in flight
	// minPredictions is the number of predictions in a window that the alert
	// requires for six labels.
	minPredictions = 300
	// perWindow is the number of sentences sent in a window.
	perWindow = 2 * minPredictions
	// lag is the longest delay from a reply to its alert: a scrape and two rule
	// groups, each every two seconds.
	lag         = 8 * time.Second
	lookEvery   = time.Second
	reportEvery = 10 * time.Second
)

// mix is the traffic of a phase. After the phase is done, after is called while
// the traffic goes on.
type mix struct {
	name      string
	sentences []corpus.Sentence
	isDone    func(Phase) bool
	after     func(context.Context) error
}

// Run sends both mixes. The result holds the differences from the expected alerts;
// an error means that the check could not be run.
func (d Drift) Run(ctx context.Context) (Result, error) {
	result := Result{WindowSeconds: d.Window.Seconds(), ForSeconds: d.For.Seconds()}
	for _, m := range []mix{
		{"natural mix", d.Natural, func(p Phase) bool { return p.Answers > minPredictions }, nil},
		{Label + " doubled", d.Doubled, func(p Phase) bool { return p.Alert == firing }, d.draw},
	} {
		phase, err := d.phase(ctx, m)
		if err != nil {
			return Result{}, fmt.Errorf("%s: %w", m.name, err)
		}
		result.Phases = append(result.Phases, phase)
	}
	result.judge()
	result.Seconds = time.Since(d.Started).Seconds()
	return result, nil
}

func (d Drift) draw(ctx context.Context) error {
	if d.Picture == nil {
		return nil
	}
	d.Progress("drawing the model dashboard")
	return d.Picture(ctx, time.Since(d.Started))
}

// phase sends a mix until watch and the mix's after have returned.
func (d Drift) phase(ctx context.Context, m mix) (Phase, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var (
		sent  atomic.Int64
		group sync.WaitGroup
		next  = d.pace(ctx, &group, m.sentences)
	)
	for range parallel {
		group.Go(func() {
			for sentence := range next {
				if err := d.send(ctx, sentence); err != nil {
					cancel(err)
					return
				}
				sent.Add(1)
			}
		})
	}
	phase, err := d.watch(ctx, m, &sent)
	if err == nil && m.after != nil {
		err = m.after(ctx)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	cancel(nil)
	group.Wait()
	return phase, err
}

// pace returns a channel of sentences, evenly spaced in time, until ctx is done.
// After the last sentence the first follows again.
func (d Drift) pace(ctx context.Context, group *sync.WaitGroup, sentences []corpus.Sentence) <-chan string {
	next := make(chan string)
	group.Go(func() {
		defer close(next)
		tick := time.NewTicker(d.Window / perWindow)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			select {
			case <-ctx.Done():
				return
			case next <- sentences[i%len(sentences)].Text:
			}
		}
	})
	return next
}

// send sends one sentence. A request that ctx cancels is no error.
func (d Drift) send(ctx context.Context, text string) error {
	response, err := d.Client.Predict(ctx, client.Caller{IsAuthorized: true, Key: d.Key}, text)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return err
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("the gateway answered a sentence with %s; it should have passed authorization and rate limit", response.Status)
	}
	return nil
}

// watch reads Prometheus until the mix fills the window, an alert would have had
// the time to fire, and isDone is true. It gives up isDone after three times as
// long.
func (d Drift) watch(ctx context.Context, m mix, sent *atomic.Int64) (Phase, error) {
	phase, began := Phase{Mix: m.name, Alert: quiet}, time.Now()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for full, next := d.Window+d.For+lag, reportEvery; ; {
		select {
		case <-ctx.Done():
			return phase, context.Cause(ctx)
		case <-tick.C:
		}
		reading, err := d.Prometheus.read(ctx)
		if err != nil {
			return phase, err
		}
		elapsed := time.Since(began)
		phase.add(reading, int(sent.Load()), elapsed)
		if elapsed >= next {
			d.Progress("%s", phase.line())
			next += reportEvery
		}
		if elapsed >= full && (m.isDone(phase) || elapsed >= 3*full) {
			return phase, nil
		}
	}
}
