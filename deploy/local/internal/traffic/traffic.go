// Package traffic sends a few requests to a stack, so that its dashboards have
// data. The gateway refuses some of the requests.
package traffic

import (
	"context"
	"log/slog"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/client"
	"github.com/moodring/moodring/deploy/local/internal/corpus"
)

// Trickle sends one sentence each Interval. After the last sentence the first
// follows again.
type Trickle struct {
	Client    client.Client
	Key       string // API key without a limit
	Sentences []corpus.Sentence
	Interval  time.Duration
	Logger    *slog.Logger
}

// refusedEvery is the number of requests among which one has no authorization and
// one has no API key. The rate limit allows two requests a minute without a key.
const refusedEvery = 10

// Run sends until ctx is done.
func (t Trickle) Run(ctx context.Context) {
	tick := time.NewTicker(t.Interval)
	defer tick.Stop()
	for i := 0; ; i++ {
		_, err := t.Client.Predict(ctx, t.caller(i), t.Sentences[i%len(t.Sentences)].Text)
		if err != nil && ctx.Err() == nil {
			t.Logger.Warn("a request of the background traffic failed", "err", err)
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
