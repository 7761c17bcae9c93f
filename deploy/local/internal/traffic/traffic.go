// Package traffic keeps a stack's boards alive: a call now and then, most of
// which are answered and some refused.
package traffic

import (
	"context"
	"log/slog"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/client"
	"github.com/moodring/moodring/deploy/local/internal/corpus"
)

// Trickle is what is sent, one call an Interval, round and round.
type Trickle struct {
	Client    client.Client
	Key       string // API key of the calls that pass
	Sentences []corpus.Sentence
	Interval  time.Duration
	Logger    *slog.Logger
}

// Of every refusedEvery calls one has no authorization and one no API key,
// which the rate limit holds to two a minute.
const refusedEvery = 10

// Run sends until ctx is done.
func (t Trickle) Run(ctx context.Context) {
	tick := time.NewTicker(t.Interval)
	defer tick.Stop()
	for i := 0; ; i++ {
		_, err := t.Client.Predict(ctx, t.caller(i), t.Sentences[i%len(t.Sentences)].Text)
		if err != nil && ctx.Err() == nil {
			t.Logger.Warn("a call of the traffic failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (t Trickle) caller(i int) client.Caller {
	switch i % refusedEvery {
	case 3:
		return client.Caller{Key: t.Key}
	case 7:
		return client.Caller{IsAuthorized: true}
	}
	return client.Caller{IsAuthorized: true, Key: t.Key}
}
