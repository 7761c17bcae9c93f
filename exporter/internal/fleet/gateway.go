package fleet

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// gateway scrapes one target. A new address of the target, such as that of a pod
// recreated under the same name, keeps the gateway.
type gateway struct {
	fleet   *Fleet
	name    string
	stop    context.CancelFunc // ends run
	changed chan struct{}      // buffered; wakes run
	shared  scrape.Shared[expose.Snapshot]
	scraper scraper // of the running scrape

	mu    sync.Mutex
	state state
}

func newGateway(f *Fleet, s state, stop context.CancelFunc) *gateway {
	g := &gateway{fleet: f, name: s.target.Gateway, stop: stop, changed: make(chan struct{}, 1), state: s}
	g.scraper.link = scrape.NewLink(g.dial)
	g.shared.Do = g.scrape
	return g
}

// current returns a copy of the state.
func (g *gateway) current() state {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state
}

// change replaces the state by next(state), and returns the old and the new state.
func (g *gateway) change(next func(state) state) (before, after state) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before = g.state
	g.state = next(before)
	return before, g.state
}

// settings returns the settings in use for the gateway.
func (g *gateway) settings() *settings {
	return g.fleet.configured.Load().of(g.current().target.Settings)
}

func (g *gateway) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if dial := g.current().target.Dial; dial != nil {
		return dial(ctx, network, address)
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("%w: is an Envoy's admin endpoint there, and can it be reached from here?", err)
	}
	return conn, nil
}

// retarget gives the gateway a new target.
func (g *gateway) retarget(t discovery.Target, isReplaced bool) {
	before, after := g.change(func(s state) state { return s.listed(t, isReplaced) })
	if before.isGone() || before.target.IsTerminating != t.IsTerminating || before.isReplaced != after.isReplaced {
		g.wake()
	}
}

// remove notes that the target is no longer listed, and whether another gateway now
// has its address.
func (g *gateway) remove(isReplaced bool) {
	before, after := g.change(func(s state) state { return s.removed(isReplaced, time.Now()) })
	if !before.isGone() || before.isReplaced != after.isReplaced {
		g.wake()
	}
}

// wake makes run compute its waiting time again.
func (g *gateway) wake() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// run calls work whenever the state's waiting time has passed, until ctx ends.
func (g *gateway) run(ctx context.Context) {
	defer g.scraper.link.Close()
	for {
		timer := time.NewTimer(g.current().wait(g.settings().scrape, time.Now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-g.changed:
			timer.Stop()
		case <-timer.C:
			g.work(ctx)
		}
	}
}

// work drops an expired gateway, and scrapes any other gateway.
func (g *gateway) work(ctx context.Context) {
	own := g.settings().scrape
	if g.current().isExpired(own, time.Now()) {
		g.fleet.expire(g)
		return
	}
	limit, cancel := context.WithTimeout(ctx, time.Duration(own.Timeout))
	defer cancel()
	g.shared.Run(limit, leavingInterval/2) // scrape records the result
}

// snapshot returns the latest result for a page, without scraping, or nil if there is
// none.
func (g *gateway) snapshot() *expose.Snapshot {
	now := time.Now()
	_, s := g.change(func(s state) state { return s.served(now) })
	if s.latest == nil {
		return nil
	}
	return s.show(*s.latest, g.settings().scrape, now)
}

// scrapeNow returns the result of a scrape that is at most scrape.min_age old. If
// ctx ends first, the gateway is shown as down.
func (g *gateway) scrapeNow(ctx context.Context) *expose.Snapshot {
	own, start := g.settings().scrape, time.Now()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(own.Timeout))
	defer cancel()
	if _, err := g.shared.Get(ctx, time.Duration(own.MinAge)); err == nil {
		return g.snapshot()
	}
	now := time.Now()
	_, s := g.change(func(s state) state { return s.served(now) })
	return s.show(expose.Snapshot{Gateway: g.name, Duration: now.Sub(start)}, own, now)
}

// lastSnapshot returns the latest result, without scraping, or a snapshot with only
// the gateway's name and address.
func (g *gateway) lastSnapshot() expose.Snapshot {
	s := g.current()
	latest := s.latest
	if latest == nil {
		latest = &expose.Snapshot{Gateway: g.name, URL: s.target.URL.Redacted()}
	}
	return *s.show(*latest, g.settings().scrape, time.Now())
}

// scrape scrapes the gateway and records the result. shared calls it.
func (g *gateway) scrape(ctx context.Context) expose.Snapshot {
	lastServed := func() time.Time { return g.current().lastServed() }
	result := g.scraper.scrape(ctx, g.settings(), g.current().target, lastServed)
	g.fleet.meter.Record(result)
	before, after := g.change(func(s state) state { return s.scraped(&result, time.Now()) })
	g.logTransition(before, after)
	return result
}

// logTransition logs when a gateway fails and when it is up again. A gateway that
// stays down is logged once; /targets has its latest error.
func (g *gateway) logTransition(before, after state) {
	wasUp, last := before.isUp(), after.latest
	if wasUp == last.Up {
		return
	}
	switch logger := g.fleet.logger.With("gateway", g.name); {
	case last.Up:
		logger.Info("Scraping a gateway succeeds again")
	case after.isGone(), after.target.IsTerminating:
		logger.Info("A gateway is gone", "err", last.Err)
	default:
		logger.Warn("Scraping a gateway failed", "err", last.Err)
	}
}
