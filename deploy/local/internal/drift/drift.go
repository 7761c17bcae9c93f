// Package drift sends a running stack the corpus as it is, then with one label's
// share doubled, and looks whether Prometheus's alert tells the two apart.
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

// Drift is one run.
type Drift struct {
	Client           client.Client
	Key              string            // API key without a limit
	Natural, Doubled []corpus.Sentence // the corpus, and with Label's share doubled
	Prometheus       Prometheus
	Window, For      time.Duration // of the rules that Prometheus has
	// Picture draws the boards of the last while, at the end of the drift; nil
	// draws nothing.
	Picture  func(ctx context.Context, while time.Duration) error
	Progress func(format string, args ...any)
	Started  time.Time
}

// Label is the one whose share is doubled.
const Label = "joy"

const (
	parallel = 4 // calls at a time
	// enough are the answers of six labels on which the alert judges their mix.
	enough = 300
	// perWindow are the sentences sent in a window.
	perWindow = 2 * enough
	// lag is how far alerts may be behind the answers: a scrape, and two groups
	// of rules, each every two seconds.
	lag         = 8 * time.Second
	lookEvery   = time.Second
	reportEvery = 10 * time.Second
)

// mix is what a phase sends, and when it has been seen for long enough.
type mix struct {
	name      string
	sentences []corpus.Sentence
	seen      func(Phase) bool
	then      func(context.Context) error
}

// Run sends both mixes. An error means that it could not; what was found is in
// the result.
func (d Drift) Run(ctx context.Context) (Result, error) {
	result := Result{WindowSeconds: d.Window.Seconds(), ForSeconds: d.For.Seconds()}
	for _, m := range []mix{
		{"natural mix", d.Natural, func(p Phase) bool { return p.Answers > enough }, nil},
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
	d.Progress("drawing the model's board")
	return d.Picture(ctx, time.Since(d.Started))
}

// phase sends a mix until it has been seen, and what comes then is over.
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
	if err == nil && m.then != nil {
		err = m.then(ctx)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	cancel(nil)
	group.Wait()
	return phase, err
}

// pace gives out sentences round and round, evenly, until ctx is done.
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

// send sends one sentence. A call that the end of ctx cuts short is no error.
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

// watch looks at Prometheus until the window is full of the mix, any alert had
// the time to fire, and the mix has been seen; or three times as long.
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
		if elapsed >= full && (m.seen(phase) || elapsed >= 3*full) {
			return phase, nil
		}
	}
}
