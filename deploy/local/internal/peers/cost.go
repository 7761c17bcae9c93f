package peers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/wait"
)

// The traffic that all figures are for.
const (
	requestsPerSecond = 100
	scrapeEvery       = 15 * time.Second
	scrapesPerDay     = int(24 * time.Hour / scrapeEvery)
	requestsPerScrape = requestsPerSecond * int(scrapeEvery/time.Second)
)

// cost is the processor time of one request, with its share of the scrapes.
type cost struct {
	Gateway time.Duration
	Others  time.Duration // of the exporter, or of the logger and the collector
}

func (c cost) all() time.Duration { return c.Gateway + c.Others }

// measureRound returns the cost of each peer. Every round starts the programs anew,
// because the layout of code and data in memory is random and affects the cost of a
// filter. The peers take turns in slices, in an order that reverses, so that a slow
// minute of the machine affects all peers. The cost is the median of the slices.
func (b Bench) measureRound(ctx context.Context) (costs []cost, err error) {
	var rigs []*rig
	defer func() {
		for _, r := range rigs {
			err = errors.Join(err, r.stop())
		}
	}()
	for _, p := range all() {
		r, err := b.start(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		rigs = append(rigs, r)
	}
	if _, err := takeTurns(ctx, rigs, 1); err != nil { // fills caches
		return nil, err
	}
	return takeTurns(ctx, rigs, b.Slices)
}

func takeTurns(ctx context.Context, rigs []*rig, slices int) (costs []cost, err error) {
	measured := make([][]cost, len(rigs))
	for slice := range slices {
		for i := range rigs {
			if slice%2 == 1 {
				i = len(rigs) - 1 - i
			}
			c, err := rigs[i].measureSlice(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", rigs[i].peer.name, err)
			}
			measured[i] = append(measured[i], c)
		}
	}
	for _, slices := range measured {
		costs = append(costs, medianCost(slices))
	}
	return costs, nil
}

// measureSlice sends the requests between two scrapes, and scrapes once.
func (r *rig) measureSlice(ctx context.Context) (cost, error) {
	before, err := r.spent()
	if err != nil {
		return cost{}, err
	}
	replies := r.replies()
	if err := r.send(ctx, requestsPerScrape); err != nil {
		return cost{}, err
	}
	if _, err := get(ctx, r.page.url()); err != nil {
		return cost{}, err
	}
	if err := wait.For(ctx, queueTime); err != nil {
		return cost{}, err
	}
	after, err := r.spent()
	n := time.Duration(r.replies() - replies)
	return cost{(after.Gateway - before.Gateway) / n, (after.Others - before.Others) / n}, err
}

func medianCost(measured []cost) cost {
	var gateway, others []time.Duration
	for _, c := range measured {
		gateway, others = append(gateway, c.Gateway), append(others, c.Others)
	}
	return cost{median(gateway), median(others)}
}

func median[T cmp.Ordered](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// queueTime is the time after which the logger has posted all queued events.
const queueTime = 200 * time.Millisecond

// spent returns the processor time of the programs so far.
func (r *rig) spent() (c cost, err error) {
	if c.Gateway, err = r.gateway.CPU(); err != nil {
		return c, err
	}
	for _, p := range []*program{r.between, r.logger} {
		if p == nil {
			continue
		}
		spent, err := p.CPU()
		if err != nil {
			return c, err
		}
		c.Others += spent
	}
	return c, nil
}

// get reads a page as Prometheus does.
func get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	err = errors.Join(err, response.Body.Close())
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", url, response.Status)
	}
	return body, err
}

const (
	pollEvery = 5 * time.Millisecond
	pollLimit = time.Minute
)

// until calls isDone until it returns true or an error.
func until(ctx context.Context, isDone func() (bool, error)) error {
	return wait.Until(ctx, pollEvery, pollLimit, isDone)
}
