package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"net"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
	"github.com/moodring/moodring/exporter/internal/scrape"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// gateway is a target and what was scraped of it. It outlives changes of its
// target's address, as when a pod comes back under its name.
type gateway struct {
	fleet   *fleet
	name    string
	link    *scrape.Link
	shared  scrape.Shared[expose.Snapshot]
	changed chan struct{} // buffered
	stop    context.CancelFunc

	agent  scrape.Agent      // scrape's own, as are those that follow
	shaper *transform.Shaper // of the last scrape, as are shaped and labels
	shaped *config.Config
	labels labels.Labels

	mu     sync.Mutex
	target discovery.Target
	goneAt time.Time        // zero while there is such a target
	latest *expose.Snapshot // nil before the first scrape
	good   *expose.Block    // of the last scrape that succeeded
	goodAt time.Time
}

func newGateway(f *fleet, t discovery.Target) *gateway {
	g := &gateway{fleet: f, name: t.Gateway, target: t, changed: make(chan struct{}, 1)}
	g.link = scrape.NewLink(g.dial)
	g.shared.Do = g.scrape
	return g
}

func (g *gateway) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if dial := g.current().Dial; dial != nil {
		return dial(ctx, network, address)
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("%w: is an Envoy's admin endpoint there, and can it be reached from here?", err)
	}
	return conn, nil
}

func (g *gateway) current() discovery.Target {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.target
}

func (g *gateway) id() string { return g.current().ID }

// goneSince returns zero for a gateway that is there.
func (g *gateway) goneSince() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.goneAt
}

// retarget takes the target's new state.
func (g *gateway) retarget(t discovery.Target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	isNews := g.target.IsLeaving != t.IsLeaving || !g.goneAt.IsZero()
	g.target, g.goneAt = t, time.Time{}
	if isNews {
		g.wake()
	}
}

// leave notes that there is no such target any more.
func (g *gateway) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.goneAt.IsZero() {
		g.goneAt = time.Now()
		g.wake()
	}
}

// wake makes run look at what has changed.
func (g *gateway) wake() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// run scrapes when that is due by itself, until ctx ends.
func (g *gateway) run(ctx context.Context) {
	defer g.link.Close()
	for {
		timer := time.NewTimer(g.wait(time.Now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-g.changed:
			timer.Stop()
		case <-timer.C:
			g.due(ctx)
		}
	}
}

const never = time.Duration(1<<63 - 1)

// leavingInterval is how often a gateway is scraped that is being shut down:
// what it counts after its last scrape is lost. Istio's gateways drain for 5 s.
const leavingInterval = time.Second

// wait returns how long there is nothing to do.
func (g *gateway) wait(now time.Time) time.Duration {
	cfg, _ := g.fleet.settings()
	interval := time.Duration(cfg.Scrape.Interval)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case !g.goneAt.IsZero() && !g.answers():
		return g.end(cfg).Sub(now)
	case !g.goneAt.IsZero(), g.target.IsLeaving:
		return leavingInterval
	case interval > 0:
		return slot(g.name, now, interval)
	}
	return never
}

// answers tells whether there may be more to learn of the gateway. mu must be
// locked.
func (g *gateway) answers() bool { return g.latest == nil || g.latest.Up }

// end returns when a gateway that is gone is dropped, however well it answers:
// it was taken off the list. mu must be locked.
func (g *gateway) end(cfg *config.Config) time.Time {
	last := g.goneAt
	if !g.answers() && g.goodAt.After(last) {
		last = g.goodAt
	}
	return last.Add(time.Duration(cfg.Scrape.Keep))
}

// slot returns the time from now to the gateway's own instant in each interval,
// so that scrapes are spread over it, and are as far apart after a restart.
func slot(name string, now time.Time, interval time.Duration) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name)) // it never fails
	offset := time.Duration(hash.Sum64() % uint64(interval))
	since := (time.Duration(now.UnixNano()) - offset) % interval
	return interval - since
}

// due does what wait waited for: a scrape, or the end of a gateway that is gone.
func (g *gateway) due(ctx context.Context) {
	cfg, _ := g.fleet.settings()
	g.mu.Lock()
	isOver := !g.goneAt.IsZero() && !time.Now().Before(g.end(cfg))
	g.mu.Unlock()
	if isOver {
		g.fleet.expire(g)
		return
	}
	limit, cancel := context.WithTimeout(ctx, time.Duration(cfg.Scrape.Timeout))
	defer cancel()
	g.shared.Run(limit, leavingInterval/2) // the scrape itself notes how it went
}

// snapshot returns what to show of the gateway without asking it, nil for nothing.
func (g *gateway) snapshot() *expose.Snapshot {
	cfg, _ := g.fleet.settings()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.latest == nil {
		return nil
	}
	return g.shown(*g.latest, time.Duration(cfg.Scrape.Keep))
}

// ask returns what to show of the gateway once it was scraped, or ctx has ended.
func (g *gateway) ask(ctx context.Context) *expose.Snapshot {
	cfg, _ := g.fleet.settings()
	start := time.Now()
	if _, err := g.shared.Get(ctx, time.Duration(cfg.Scrape.MinAge)); err == nil {
		return g.snapshot()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shown(expose.Snapshot{Gateway: g.name, Duration: time.Since(start)}, time.Duration(cfg.Scrape.Keep))
}

// isAsked tells whether the gateway is scraped when its snapshot is wanted. With
// an interval a new one is, so that a restart leaves no gap.
func (g *gateway) isAsked(interval time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.goneAt.IsZero() && (interval == 0 || g.latest == nil)
}

// last returns the latest there is of the gateway, without asking it.
func (g *gateway) last() expose.Snapshot {
	cfg, _ := g.fleet.settings()
	g.mu.Lock()
	defer g.mu.Unlock()
	latest := g.latest
	if latest == nil {
		latest = &expose.Snapshot{Gateway: g.name, URL: g.target.URL.Redacted()}
	}
	return *g.shown(*latest, time.Duration(cfg.Scrape.Keep))
}

// shown adds the last good values to a snapshot that has none. mu must be locked.
func (g *gateway) shown(s expose.Snapshot, keep time.Duration) *expose.Snapshot {
	s.IsGone = !g.goneAt.IsZero()
	if !s.Up && time.Since(g.goodAt) < keep {
		s.Kept = g.good
	}
	return &s
}

// scrape scrapes the gateway. It is called once at a time.
func (g *gateway) scrape(ctx context.Context) expose.Snapshot {
	cfg, client := g.fleet.settings()
	t, start := g.current(), time.Now()
	shaper := g.shaperFor(cfg, t)
	s := expose.Snapshot{Gateway: g.name, URL: t.URL.Redacted(), At: start}
	series, err := g.read(ctx, client, t, shaper, &s)
	s.Up, s.Err = err == nil, err
	if err == nil {
		s.Series = expose.NewBlock(g.name, series)
	}
	s.Duration = time.Since(start)
	g.record(s)
	return s
}

// read gets a page and makes series of it, and notes in s what that took.
func (g *gateway) read(ctx context.Context, client *scrape.Client, t discovery.Target, shaper *transform.Shaper, s *expose.Snapshot) (series []transform.Series, err error) {
	shaper.Begin()
	g.agent.Begin()
	s.Bytes, err = client.Page(ctx, g.link, t.URL, func(sample scrape.Sample) {
		g.agent.Add(sample)
		shaper.Add(sample)
	})
	if err != nil {
		return nil, err
	}
	series, s.Dropped = shaper.End()
	if g.agent.End() && len(series) == 0 {
		return nil, client.At(t.URL, scrape.ErrNoEnvoy)
	}
	return series, nil
}

// shaperFor returns the shaper of the last scrape, or a new one where the
// configuration or the target's labels have changed.
func (g *gateway) shaperFor(cfg *config.Config, t discovery.Target) *transform.Shaper {
	if g.shaper == nil || g.shaped != cfg || !labels.Equal(g.labels, t.Labels) {
		g.shaped, g.labels = cfg, t.Labels
		g.shaper = transform.New(transform.Options{
			Format: cfg.Scrape.Format, Labels: t.Labels, Relabel: cfg.MetricRelabelConfigs, Rules: cfg.Rules, MaxSeries: cfg.Scrape.MaxSeries,
		})
	}
	return g.shaper
}

func (g *gateway) record(s expose.Snapshot) {
	g.fleet.meter.Record(s)
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.latest
	g.latest = &s
	if s.Up {
		g.good, g.goodAt = s.Series, time.Now()
	}
	g.tell(before, s)
}

// tell logs how the last scrape went, where that differs from the one before:
// a gateway that stays down is one line, and /targets has its latest error. mu
// must be locked.
func (g *gateway) tell(before *expose.Snapshot, last expose.Snapshot) {
	wasUp := before == nil || before.Up
	switch logger := g.fleet.logger.With("gateway", g.name); {
	case wasUp == last.Up:
	case last.Up:
		logger.Info("Scraping a gateway succeeds again")
	case g.goneAt.IsZero():
		logger.Warn("Scraping a gateway failed", "err", last.Err)
	default:
		logger.Info("A gateway is gone", "err", last.Err)
	}
}
