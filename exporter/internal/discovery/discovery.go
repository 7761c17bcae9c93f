// Package discovery finds the gateways to scrape: it runs the configured sources
// and relabels their candidates to targets.
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
	// CountFailure counts a failure of a source, one of contract.Sources.
	CountFailure func(source string)
	// Publish gets all targets whenever they may have changed. Its calls do not
	// overlap. isReconfigured is true if a new configuration is the reason: a
	// target missing from the list is then unwanted, not gone.
	Publish func(targets []Target, isReconfigured bool)
}

// Discovery keeps the list of targets current.
type Discovery struct {
	Options

	applying sync.Mutex // held by Apply
	running  sync.WaitGroup

	mu       sync.Mutex
	plan     *Plan              // in use
	builder  *targetBuilder     // for plan's rules
	sources  map[string]*source // in use, by their configuration
	warnings map[string]bool    // logged for the current list
}

// New returns a Discovery without sources.
func New(options Options) *Discovery {
	return &Discovery{Options: options}
}

// discoverer finds gateways until ctx ends.
type discoverer func(ctx context.Context, out sink)

// sink receives the candidates of a discoverer.
type sink struct {
	previous map[string][]*candidate // of the sources before a reload, by origin; read-only
	update   func([]*candidate)      // takes the list of all candidates, at first and after each change
	fail     func(error)             // takes the reason for a missing update; the last list stays in use
}

// source is a running discoverer.
type source struct {
	stop       context.CancelFunc
	reported   chan struct{} // closed by the first update
	candidates []*candidate  // guarded by Discovery.mu
}

// firstReportTimeout limits the time that Apply waits for the first lists of new
// sources before the old sources are stopped.
const firstReportTimeout = 10 * time.Second

// Plan is a checked configuration of gateways and sources.
type Plan struct {
	static      []*candidate
	discoverers map[string]namedDiscoverer // by their configuration
	rules       []*relabel.Config
}

type namedDiscoverer struct {
	kind     string // one of contract.Sources
	discover discoverer
}

// NewPlan checks the configuration as far as possible without running a source.
func NewPlan(cfg *config.Config) (*Plan, error) {
	static, err := staticCandidates(cfg.Gateways)
	if err != nil {
		return nil, err
	}
	if _, err := buildAll(static, cfg.RelabelConfigs); err != nil {
		return nil, err
	}
	p := &Plan{static, make(map[string]namedDiscoverer), cfg.RelabelConfigs}
	for _, sd := range cfg.Discoveries() {
		if err := p.add(sd); err != nil {
			return nil, fmt.Errorf("%s_sd_configs: %w", sd.Kind(), err)
		}
	}
	return p, nil
}

// add adds the discoverer for sd. Equal entries share a discoverer.
func (p *Plan) add(sd config.SDConfig) error {
	var made constructor
	if err := sd.Visit(&made); err != nil {
		return err
	}
	text, err := yaml.Marshal(sd)
	if err != nil {
		return err
	}
	p.discoverers[sd.Kind()+"\n"+string(text)] = namedDiscoverer{sd.Kind(), made.discover}
	return nil
}

// constructor is a config.Visitor that makes the discoverer for an entry. The
// method for a kind is in the file of the kind.
type constructor struct{ discover discoverer }

// Apply runs the sources of plan until ctx ends. Sources in both the previous plan
// and the new plan keep running. The other old sources are stopped, and their
// targets removed, once all new sources have reported or after
// firstReportTimeout. A new source starts with the candidates of the old sources,
// so a temporarily unreadable file or DNS name keeps its gateways.
func (d *Discovery) Apply(ctx context.Context, plan *Plan) {
	d.applying.Lock()
	defer d.applying.Unlock()
	isFirst := d.plan == nil
	next := d.start(ctx, plan.discoverers)
	isComplete := isFirst || awaitReports(ctx, next)
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, old := range d.sources {
		if next[key] != old {
			old.stop()
		}
	}
	d.plan, d.builder, d.sources, d.warnings = plan, newTargetBuilder(plan.rules), next, nil
	d.publish(isComplete && !isFirst)
}

// start returns a source for each discoverer. A running source is reused.
func (d *Discovery) start(ctx context.Context, discoverers map[string]namedDiscoverer) map[string]*source {
	next, previous := make(map[string]*source, len(discoverers)), d.candidates()
	for key, named := range discoverers {
		if next[key] = d.sources[key]; next[key] != nil {
			continue
		}
		sourceCtx, stop := context.WithCancel(ctx)
		s := &source{stop: stop, reported: make(chan struct{})}
		next[key] = s
		d.running.Go(func() {
			named.discover(sourceCtx, sink{
				previous: previous,
				update:   func(all []*candidate) { d.update(key, s, all) },
				fail:     func(err error) { d.fail(named.kind, err) },
			})
		})
	}
	return next
}

// candidates returns the candidates of the sources in use, by origin.
func (d *Discovery) candidates() map[string][]*candidate {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make(map[string][]*candidate)
	for _, s := range d.sources {
		maps.Copy(all, byOrigin(s.candidates)) // two sources with the same origin have the same candidates
	}
	return all
}

func byOrigin(all []*candidate) map[string][]*candidate {
	origins := make(map[string][]*candidate)
	for _, c := range all {
		origins[c.origin] = append(origins[c.origin], c)
	}
	return origins
}

func (d *Discovery) fail(kind string, err error) {
	d.CountFailure(kind)
	d.Logger.Warn("Discovering gateways failed; the gateways found before stay", "by", kind, "err", err)
}

// awaitReports waits for the first list of each source, and reports whether all
// arrived in time.
func awaitReports(ctx context.Context, sources map[string]*source) bool {
	limit, cancel := context.WithTimeout(ctx, firstReportTimeout)
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

func (d *Discovery) update(key string, s *source, all []*candidate) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.candidates = all
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
	for _, key := range slices.Sorted(maps.Keys(d.sources)) { // sorted, so that of two gateways with the same name always the same is kept
		all = append(all, d.sources[key].candidates...)
	}
	targets, bad := d.builder.build(all)
	d.warn(bad)
	d.Publish(slices.DeleteFunc(targets, func(t Target) bool { return !d.Shard.Has(t.Gateway) }), isReconfigured)
}

// warn logs the errors missing from the previous list.
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

// IsReady reports whether each source has given its first list.
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

// Wait returns when the sources have stopped. The context given to Apply must
// have ended.
func (d *Discovery) Wait() { d.running.Wait() }
