package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/relabel"
	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/exporter/internal/config"
)

// Options of a Discovery. All fields but Shard are needed.
type Options struct {
	Logger *slog.Logger
	Shard  Shard
	// CountFailure counts a failure of one of contract.Sources.
	CountFailure func(source string)
	// Publish gets all targets whenever they may have changed, one call at a
	// time. isReconfigured tells that another configuration is the reason, so
	// that what is missing is no longer wanted, rather than gone.
	Publish func(targets []Target, isReconfigured bool)
}

// Discovery keeps the list of targets current.
type Discovery struct {
	Options

	applying sync.Mutex // one configuration at a time
	running  sync.WaitGroup

	mu       sync.Mutex
	plan     *Plan              // in use
	maker    *maker             // of its targets
	sources  map[string]*source // in use, by their configuration
	warnings map[string]bool    // given about the current list
}

// New returns a Discovery without sources.
func New(options Options) *Discovery {
	return &Discovery{Options: options}
}

// finder finds gateways until ctx ends.
type finder func(ctx context.Context, out reporter)

// reporter is whom a finder tells, and what it knows when it begins.
type reporter struct {
	before map[string][]*found // what others had found, by their parts: not to be changed
	found  func([]*found)      // all of them, at first and whenever they may have changed
	failed func(error)         // why it cannot know; what it knew stays
}

// source is a finder at work.
type source struct {
	stop     context.CancelFunc
	reported chan struct{} // closed by the first report
	found    []*found      // guarded by Discovery.mu
}

// patience is how long a new configuration waits for its new sources' first
// reports before it takes the place of the old one.
const patience = 10 * time.Second

// Plan is a checked configuration of where to look.
type Plan struct {
	static  []*found
	finders map[string]namedFinder // by the part of the configuration that they depend on
	rules   []*relabel.Config
}

type namedFinder struct {
	name string // one of contract.Sources
	find finder
}

// NewPlan checks what can be checked without looking.
func NewPlan(cfg *config.Config) (*Plan, error) {
	gateways, err := static(cfg.Gateways)
	if err != nil {
		return nil, err
	}
	if _, err := checked(gateways, cfg.RelabelConfigs); err != nil {
		return nil, err
	}
	p := &Plan{gateways, make(map[string]namedFinder), cfg.RelabelConfigs}
	for _, sd := range cfg.Discoveries() {
		if err := p.add(sd); err != nil {
			return nil, fmt.Errorf("%s_sd_configs: %w", sd.Kind(), err)
		}
	}
	return p, nil
}

// add adds the finder for sd. Entries that are alike share one.
func (p *Plan) add(sd config.SDConfig) error {
	var made finderMaker
	if err := sd.Visit(&made); err != nil {
		return err
	}
	text, err := yaml.Marshal(sd)
	if err != nil {
		return err
	}
	p.finders[sd.Kind()+"\n"+string(text)] = namedFinder{sd.Kind(), made.find}
	return nil
}

// finderMaker makes the finder for an entry of any kind of discovery. Its
// methods stand beside their kinds.
type finderMaker struct{ find finder }

// Apply discovers what plan says, until ctx ends. Sources that the plan before
// had too go on; the targets of the others stay until the new sources have
// reported, or 10 seconds. New ones know what the others found: of what they have
// in common, and cannot read now, it stays.
func (d *Discovery) Apply(ctx context.Context, plan *Plan) {
	d.applying.Lock()
	defer d.applying.Unlock()
	isFirst := d.plan == nil
	next := d.start(ctx, plan.finders)
	isWhole := isFirst || haveReported(ctx, next)
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, old := range d.sources {
		if next[key] != old {
			old.stop()
		}
	}
	d.plan, d.maker, d.sources, d.warnings = plan, newMaker(plan.rules), next, nil
	d.publish(isWhole && !isFirst)
}

// start returns a source for each finder: the one that runs already, or a new one.
func (d *Discovery) start(ctx context.Context, finders map[string]namedFinder) map[string]*source {
	next, before := make(map[string]*source, len(finders)), d.known()
	for key, finder := range finders {
		if next[key] = d.sources[key]; next[key] != nil {
			continue
		}
		own, stop := context.WithCancel(ctx)
		s := &source{stop: stop, reported: make(chan struct{})}
		next[key] = s
		d.running.Go(func() {
			finder.find(own, reporter{
				before: before,
				found:  func(all []*found) { d.report(key, s, all) },
				failed: func(err error) { d.fail(finder.name, err) },
			})
		})
	}
	return next
}

// known returns what the sources in use have found, by their parts.
func (d *Discovery) known() map[string][]*found {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := make(map[string][]*found)
	for _, s := range d.sources {
		maps.Copy(known, byPart(s.found)) // a part that two sources have is the same in both
	}
	return known
}

func byPart(all []*found) map[string][]*found {
	parts := make(map[string][]*found)
	for _, f := range all {
		parts[f.part] = append(parts[f.part], f)
	}
	return parts
}

func (d *Discovery) fail(name string, err error) {
	d.CountFailure(name)
	d.Logger.Warn("Discovering gateways failed; what was found before stays", "by", name, "err", err)
}

func haveReported(ctx context.Context, sources map[string]*source) bool {
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, s := range sources {
		select {
		case <-s.reported:
		case <-limit.Done():
			return false
		}
	}
	return true
}

func (d *Discovery) report(key string, s *source, all []*found) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.found = all
	select {
	case <-s.reported:
	default:
		close(s.reported)
	}
	if d.sources[key] == s {
		d.publish(false)
	}
}

// publish must be called with mu locked.
func (d *Discovery) publish(isReconfigured bool) {
	all := slices.Clone(d.plan.static)
	for _, key := range slices.Sorted(maps.Keys(d.sources)) { // so that of two with one name the same stays
		all = append(all, d.sources[key].found...)
	}
	kept, bad := d.maker.targets(all)
	d.warn(bad)
	d.Publish(slices.DeleteFunc(kept, func(t Target) bool { return !d.Shard.Has(t.Gateway) }), isReconfigured)
}

// warn logs what was not wrong in the list before.
func (d *Discovery) warn(bad []error) {
	warnings := make(map[string]bool, len(bad))
	for _, err := range bad {
		warnings[err.Error()] = true
		if !d.warnings[err.Error()] {
			d.Logger.Warn("A gateway cannot be scraped", "err", err)
		}
	}
	d.warnings = warnings
}

// IsReady tells whether each source has reported.
func (d *Discovery) IsReady() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.sources {
		select {
		case <-s.reported:
		default:
			return false
		}
	}
	return true
}

// Wait returns when the sources have stopped, after their context's end.
func (d *Discovery) Wait() { d.running.Wait() }
