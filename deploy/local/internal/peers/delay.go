package peers

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/wait"
)

const delays = 10 // measured for each peer

// measureDelays returns times from a reply until a panel's query has its prediction.
// The replies come at random times between two scrapes.
func (r *rig) measureDelays(ctx context.Context) (measured []time.Duration, err error) {
	random := rand.New(rand.NewPCG(2, 2))
	for range delays {
		if err := wait.For(ctx, 2*scrapeInterval+time.Duration(random.Int64N(int64(scrapeInterval)))); err != nil {
			return nil, err
		}
		delay, err := r.delay(ctx)
		if err != nil {
			return nil, err
		}
		measured = append(measured, delay)
	}
	return measured, nil
}

func (r *rig) delay(ctx context.Context) (time.Duration, error) {
	query := "sum(" + r.peer.selector + ")"
	before, err := r.samples.Number(ctx, query)
	if err != nil {
		return 0, err
	}
	if err := r.traffic.SendOnce(ctx, "joy"); err != nil {
		return 0, err
	}
	replied := time.Now()
	err = until(ctx, func() (bool, error) {
		now, err := r.samples.Number(ctx, query)
		return now > before, err
	})
	return time.Since(replied), err
}
