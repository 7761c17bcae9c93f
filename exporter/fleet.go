package main

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
	"github.com/moodring/moodring/exporter/internal/scrape"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// fleet is the gateways that there are and, for a while, those that there were.
type fleet struct {
	meter  *expose.Meter
	logger *slog.Logger

	ctx     context.Context // ends what the fleet does by itself
	running sync.WaitGroup

	mu       sync.Mutex
	cfg      *config.Config
	client   *scrape.Client
	gateways map[string]*gateway
}

// newFleet returns a fleet without gateways. What it does by itself ends with ctx.
func newFleet(ctx context.Context, meter *expose.Meter, logger *slog.Logger) *fleet {
	return &fleet{ctx: ctx, meter: meter, logger: logger, gateways: make(map[string]*gateway)}
}

// Wait returns when all that the fleet does by itself has ended.
func (f *fleet) Wait() { f.running.Wait() }

// Configure says how to scrape from now on. What was scraped stays.
func (f *fleet) Configure(cfg *config.Config) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cfg = cfg
	f.client = &scrape.Client{
		Format:       cfg.Scrape.Format,
		Filter:       transform.Filter(cfg.Rules),
		MaxPageBytes: cfg.Scrape.MaxPageBytes,
		MaxLineBytes: cfg.Scrape.MaxLineBytes,
		Timeout:      time.Duration(cfg.Scrape.Timeout),
	}
	for _, g := range f.gateways {
		g.wake()
	}
}

// settings returns the configuration, and a client that follows it.
func (f *fleet) settings() (*config.Config, *scrape.Client) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cfg, f.client
}

// Apply takes the list of targets. A gateway that has left it is gone: its last
// values stay for a while, unless it is not wanted any more (isReconfigured) or
// is there under another name. One that was gone before stays as long all the
// same: the configuration is not why it is missing.
func (f *fleet) Apply(targets []discovery.Target, isReconfigured bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	there, ids := make(map[string]bool, len(targets)), make(map[string]bool, len(targets))
	for _, t := range targets {
		there[t.Gateway], ids[t.ID] = true, true
		f.set(t)
	}
	for name, g := range f.gateways {
		switch {
		case there[name]:
		case ids[g.id()], isReconfigured && g.goneSince().IsZero():
			f.drop(g)
		default:
			g.leave()
		}
	}
	f.forgetOldest()
}

// maxGone bounds what is kept of gateways that are gone: evictions can make and
// end pods by the thousand.
const maxGone = 1000

// forgetOldest must be called with mu locked.
func (f *fleet) forgetOldest() {
	since := make(map[*gateway]time.Time)
	for _, g := range f.gateways {
		if at := g.goneSince(); !at.IsZero() {
			since[g] = at
		}
	}
	if len(since) <= maxGone {
		return
	}
	oldest := slices.SortedFunc(maps.Keys(since), func(a, b *gateway) int { return since[a].Compare(since[b]) })
	for _, g := range oldest[:len(oldest)-maxGone] {
		f.drop(g)
	}
}

// set must be called with mu locked.
func (f *fleet) set(t discovery.Target) {
	if known := f.gateways[t.Gateway]; known != nil {
		known.retarget(t)
		return
	}
	g := newGateway(f, t)
	f.gateways[t.Gateway] = g
	f.meter.Track(t.Gateway)
	ctx, stop := context.WithCancel(f.ctx)
	g.stop = stop
	f.running.Go(func() { g.run(ctx) })
}

// drop must be called with mu locked.
func (f *fleet) drop(g *gateway) {
	g.stop()
	delete(f.gateways, g.name)
	f.meter.Forget(g.name)
}

// expire drops a gateway that was kept for long enough, if it has not come back.
func (f *fleet) expire(g *gateway) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gateways[g.name] == g && !g.goneSince().IsZero() {
		f.drop(g)
	}
}

// Scrape returns a snapshot of each gateway, sorted by name. With an interval
// it is the latest there is; without, and of a gateway that is new, it is asked
// for now, and a gateway that does not come by ctx's deadline is down.
func (f *fleet) Scrape(ctx context.Context) []expose.Snapshot {
	gateways := f.sorted()
	snapshots := make([]*expose.Snapshot, len(gateways))
	var all sync.WaitGroup
	cfg, _ := f.settings()
	for i, g := range gateways {
		if g.isAsked(time.Duration(cfg.Scrape.Interval)) {
			all.Go(func() { snapshots[i] = g.ask(ctx) })
		} else {
			snapshots[i] = g.snapshot()
		}
	}
	all.Wait()
	shown := make([]expose.Snapshot, 0, len(snapshots))
	for _, snapshot := range snapshots {
		if snapshot != nil {
			shown = append(shown, *snapshot)
		}
	}
	return shown
}

// Targets returns the latest there is of each gateway, sorted by name.
func (f *fleet) Targets() []expose.Snapshot {
	var latest []expose.Snapshot
	for _, g := range f.sorted() {
		latest = append(latest, g.last())
	}
	return latest
}

func (f *fleet) sorted() []*gateway {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*gateway, 0, len(f.gateways))
	for _, g := range f.gateways {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *gateway) int { return cmp.Compare(a.name, b.name) })
	return all
}
