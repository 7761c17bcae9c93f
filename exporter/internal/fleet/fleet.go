// Package fleet scrapes the gateways that discovery found, and keeps the result
// of each gateway's last scrape.
//
// # Goroutines
//
// Each gateway has one goroutine, gateway.run. It scrapes at the configured
// interval, and each second while the gateway shuts down and answers. All other scrapes are
// started by Fleet.Scrape. scrape.Shared lets one scrape of a gateway run at a time.
//
// # Locks
//
// The two locks are always taken in this order, and no lock is held during a scrape:
//
//  1. Fleet.mu guards the map of gateways. Discovery changes the map (Apply), and
//     so does a removed gateway whose values have expired (expire).
//  2. gateway.mu guards gateway.state. The state is read and replaced as a whole,
//     only by gateway.current and gateway.change. Apply replaces the target, and
//     each scrape replaces the results. All decisions are pure methods of a copy.
//
// Everything else needs no lock: Fleet.configured is an atomic pointer,
// gateway.scraper is used by the running scrape only, and the other fields of a
// gateway never change.
package fleet

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
	"github.com/moodring/moodring/exporter/internal/scrape"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// Fleet holds the current gateways, and removed ones until scrape.keep has passed.
type Fleet struct {
	meter  *expose.Meter
	logger *slog.Logger

	ctx     context.Context // ends the gateways' goroutines
	running sync.WaitGroup

	configured atomic.Pointer[configured]

	mu       sync.Mutex
	gateways map[string]*gateway // by name
}

// configured is a configuration in use.
type configured struct {
	*config.Config
	sources sync.Map // *settings by *config.Source
}

// settings are a configuration for the gateways of one source.
type settings struct {
	*config.Config
	scrape *config.Scrape // for the source, unlike Config.Scrape
	client *scrape.Client
}

// of returns the settings for the gateways of a source, always the same.
func (c *configured) of(source *config.Source) *settings {
	if known, ok := c.sources.Load(source); ok {
		return known.(*settings)
	}
	scrape, http := c.For(source)
	made, _ := c.sources.LoadOrStore(source, newSettings(c.Config, scrape, http))
	return made.(*settings)
}

func newSettings(cfg *config.Config, own config.Scrape, http *config.HTTPClient) *settings {
	return &settings{cfg, &own, &scrape.Client{
		Format:       own.Format,
		Filter:       transform.Filter(cfg.Rules),
		MaxPageBytes: own.MaxPageBytes,
		MaxLineBytes: own.MaxLineBytes,
		Timeout:      time.Duration(own.Timeout),
		MaxAge:       time.Duration(own.ConnectionAge),
		IsUsed:       transform.IsUsed(cfg.Rules),
		HTTP:         http,
	}}
}

// New returns a Fleet without gateways. Configure it before its first Apply. Its
// goroutines end with ctx.
func New(ctx context.Context, meter *expose.Meter, logger *slog.Logger) *Fleet {
	return &Fleet{ctx: ctx, meter: meter, logger: logger, gateways: make(map[string]*gateway)}
}

// Wait waits until all of the fleet's goroutines have ended.
func (f *Fleet) Wait() { f.running.Wait() }

// Configure sets the configuration for all further scrapes. Results of earlier
// scrapes are kept.
func (f *Fleet) Configure(cfg *config.Config) {
	f.configured.Store(&configured{Config: cfg})
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.gateways {
		g.wake()
	}
}

// Config returns the configuration in use.
func (f *Fleet) Config() *config.Config { return f.configured.Load().Config }

// Apply replaces the list of targets. The last values of a removed gateway are
// kept until scrape.keep has passed. A gateway is dropped at once if its ID is now
// listed under another name, or if a new configuration removed it (isReconfigured).
// Gateways removed before the new configuration are still kept. Targets elsewhere
// are not scraped, but their IDs and addresses count.
func (f *Fleet) Apply(targets []discovery.Target, isReconfigured bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	names, ids := make(map[string]bool, len(targets)), make(map[string]bool, len(targets))
	addresses := newAddresses(targets)
	for _, t := range targets {
		ids[t.ID] = true
		if !t.IsElsewhere {
			names[t.Gateway] = true
			f.addOrUpdate(t, t.IsTerminating && addresses.isTaken(t))
		}
	}
	for name, g := range f.gateways {
		if names[name] {
			continue
		}
		if s := g.current(); ids[s.target.ID] || isReconfigured && !s.isGone() {
			f.drop(g)
		} else {
			g.remove(addresses.isTaken(s.target))
		}
	}
	f.dropOldest()
}

// addresses has the name of the gateway at each address.
type addresses map[string]string

// newAddresses returns the addresses of targets. Of two targets with the same
// address, the gateway that does not shut down has it: a new pod may get the IP
// address of an old pod whose end Kubernetes has not noticed yet.
func newAddresses(targets []discovery.Target) addresses {
	owners, areTerminating := make(addresses, len(targets)), make(map[string]bool)
	for _, t := range targets {
		address := t.Address()
		if _, isTaken := owners[address]; !isTaken || areTerminating[address] && !t.IsTerminating {
			owners[address], areTerminating[address] = t.Gateway, t.IsTerminating
		}
	}
	return owners
}

// isTaken reports whether another gateway is at the address of t.
func (a addresses) isTaken(t discovery.Target) bool {
	owner, ok := a[t.Address()]
	return ok && t.Dial == nil && owner != t.Gateway
}

// addOrUpdate adds the gateway of a target, or updates the target of a known
// gateway. mu must be locked.
func (f *Fleet) addOrUpdate(t discovery.Target, isReplaced bool) {
	if known := f.gateways[t.Gateway]; known != nil {
		known.retarget(t, isReplaced)
		return
	}
	ctx, stop := context.WithCancel(f.ctx)
	g := newGateway(f, state{target: t, isReplaced: isReplaced}, stop)
	f.gateways[t.Gateway] = g
	f.meter.Track(t.Gateway)
	f.running.Go(func() { g.run(ctx) })
}

// maxGone limits how many removed gateways are kept: evictions can create and
// delete pods by the thousand.
const maxGone = 1000

// dropOldest drops the oldest removed gateways beyond maxGone. mu must be locked.
func (f *Fleet) dropOldest() {
	goneAt := make(map[*gateway]time.Time)
	for _, g := range f.gateways {
		if s := g.current(); s.isGone() {
			goneAt[g] = s.goneAt
		}
	}
	if len(goneAt) <= maxGone {
		return
	}
	oldest := slices.SortedFunc(maps.Keys(goneAt), func(a, b *gateway) int { return goneAt[a].Compare(goneAt[b]) })
	for _, g := range oldest[:len(oldest)-maxGone] {
		f.drop(g)
	}
}

// drop forgets a gateway and ends its goroutine. mu must be locked.
func (f *Fleet) drop(g *gateway) {
	g.stop()
	delete(f.gateways, g.name)
	f.meter.Forget(g.name)
}

// expire drops a removed gateway, unless it has come back.
func (f *Fleet) expire(g *gateway) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gateways[g.name] == g && g.current().isGone() {
		f.drop(g)
	}
}

// Scrape returns a snapshot of each gateway, sorted by name. If scrape.interval
// is set, the snapshot is the latest result; otherwise, and for a gateway without
// a result, the gateway is scraped now. A gateway is down if it has not answered
// by ctx's deadline.
func (f *Fleet) Scrape(ctx context.Context) []expose.Snapshot {
	gateways := f.sorted()
	snapshots := make([]*expose.Snapshot, len(gateways))
	var all sync.WaitGroup
	for i, g := range gateways {
		if g.current().isScrapedOnRequest(g.settings().scrape) {
			all.Go(func() { snapshots[i] = g.scrapeNow(ctx) })
		} else {
			snapshots[i] = g.snapshot()
		}
	}
	all.Wait()
	found := make([]expose.Snapshot, 0, len(snapshots))
	for _, snapshot := range snapshots {
		if snapshot != nil {
			found = append(found, *snapshot)
		}
	}
	return found
}

// Targets returns the latest snapshot of each gateway, sorted by name, without
// scraping. The snapshot of a gateway without a scrape has no time.
func (f *Fleet) Targets() []expose.Snapshot {
	var latest []expose.Snapshot
	for _, g := range f.sorted() {
		latest = append(latest, g.lastSnapshot())
	}
	return latest
}

// sorted returns all gateways, sorted by name.
func (f *Fleet) sorted() []*gateway {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*gateway, 0, len(f.gateways))
	for _, g := range f.gateways {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *gateway) int { return cmp.Compare(a.name, b.name) })
	return all
}
