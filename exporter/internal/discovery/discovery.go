// Package discovery finds the gateways to scrape: it runs the configured sources
// and relabels their candidates to targets.
package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/relabel"
	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
)

// Options of a Discovery. All fields but Shard are needed.
type Options struct {
	Logger *slog.Logger
	Shard  Shard
	// CountFailure counts a failure of a source, one of contract.Sources.
	CountFailure func(source string)
	// Publish gets all targets, also those of other shards, whenever they may have
	// changed. Its calls do not overlap. isReconfigured is true if a new configuration is the reason: a
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
	retired  map[string]*source // removed by a reload, and run until their heirs have reported
	isReady  bool               // once true, stays true
	targets  []Target           // as published
	dropped  []Dropped          // of this exporter's share
	warnings map[string]bool    // logged for the current list
	isWarned bool               // it is logged that all guesses found nothing
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
	recover  func()                  // ends a failure: everything can be read. May be nil
}

func (s sink) succeed() {
	if s.recover != nil {
		s.recover()
	}
}

// source is a running discoverer. Discovery.mu guards the fields after stop.
type source struct {
	namedDiscoverer
	stop       context.CancelFunc
	tried      chan struct{} // closed by the first list or the first failure
	isReported bool          // the source has given a list
	isFailing  bool          // since the last success
	candidates []*candidate
	heirs      []*source // of a retired source: sources of the new configuration that have not reported
}

func newSource(named namedDiscoverer, stop context.CancelFunc) *source {
	return &source{namedDiscoverer: named, stop: stop, tried: make(chan struct{})}
}

func (s *source) isTried() bool {
	select {
	case <-s.tried:
		return true
	default:
		return false
	}
}

// markTried must be called with Discovery.mu locked.
func (s *source) markTried() {
	if !s.isTried() {
		close(s.tried)
	}
}

// firstTryTimeout limits the time that Apply waits until each new source has given
// a list or failed.
const firstTryTimeout = 10 * time.Second

// Plan is a checked configuration of gateways and sources.
type Plan struct {
	static      []*candidate
	discoverers map[string]namedDiscoverer // by their configuration
	rules       []*relabel.Config
}

// namedDiscoverer is the discoverer of a place: a Kubernetes namespace, a DNS name,
// or the files of an entry. Each place has its own discoverer, so that one
// unreadable place does not hide the gateways of the others.
type namedDiscoverer struct {
	kind     string // one of contract.Sources
	place    string // "" for all namespaces, and for files
	search   string // for the log: where the discoverer looks for gateways
	isGuess  bool   // it is no fault if only other discoverers find gateways
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
		if err := sd.Visit(constructor{p}); err != nil {
			return nil, fmt.Errorf("%s_sd_configs: %w", sd.Kind(), err)
		}
	}
	return p, nil
}

// constructor is a config.Visitor that adds the discoverers for an entry to a plan.
// The method for a kind is in the file of the kind.
type constructor struct{ plan *Plan }

// add adds the discoverer for sd, an entry with a single place. Equal entries share
// a discoverer.
func (c constructor) add(sd config.SDConfig, place, search string, discover discoverer) error {
	return c.addDiscoverer(sd, namedDiscoverer{kind: sd.Kind(), place: place, search: search, discover: discover})
}

func (c constructor) addDiscoverer(sd config.SDConfig, named namedDiscoverer) error {
	text, err := yaml.Marshal(sd)
	if err != nil {
		return err
	}
	c.plan.discoverers[sd.Kind()+"\n"+string(text)+sd.Settings().Secrets()] = named
	return nil
}

// Apply runs the sources of plan until ctx ends. It waits until each new source has
// given a list or failed, for at most firstTryTimeout. Sources in both the previous
// plan and the new plan keep running. Another old source is stopped, and its targets
// are removed, once its heirs have reported: until then, the new configuration has
// nothing to replace its targets. A new source also starts with the candidates of
// the old sources, so a temporarily unreadable file keeps its gateways.
func (d *Discovery) Apply(ctx context.Context, plan *Plan) {
	d.applying.Lock()
	defer d.applying.Unlock()
	isFirst := d.plan == nil
	next := d.start(ctx, plan.discoverers)
	if !isFirst {
		awaitTries(ctx, next)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.retire(next)
	d.plan, d.builder, d.sources, d.warnings = plan, newTargetBuilder(plan.rules), next, nil
	d.warnOfGuesses()
	d.publish(!isFirst)
}

// allSources returns the sources in use and the retired ones, by their configuration.
// mu must be locked.
func (d *Discovery) allSources() map[string]*source {
	all := maps.Clone(d.retired)
	if all == nil {
		all = make(map[string]*source)
	}
	maps.Copy(all, d.sources)
	return all
}

// retire retires the sources missing from next, or stops those without heirs. mu
// must be locked.
func (d *Discovery) retire(next map[string]*source) {
	retired := make(map[string]*source)
	for key, old := range d.allSources() {
		if next[key] == old {
			old.heirs = nil
			continue
		}
		old.heirs = d.heirsOf(old, next)
		if old.isReported && len(old.heirs) > 0 {
			retired[key] = old
		} else {
			old.stop()
		}
	}
	d.retired = retired
}

// heirsOf returns the sources of next that must report before old is stopped: the
// new sources for the same place, or without such a source, the new sources of the
// same kind for new places. mu must be locked.
func (d *Discovery) heirsOf(old *source, next map[string]*source) []*source {
	var ofPlace, ofKind []*source
	knownPlaces := make(map[string]bool)
	for _, s := range d.allSources() {
		if s.kind == old.kind && s.isReported {
			knownPlaces[s.place] = true
		}
	}
	for key, s := range next {
		isNew := d.sources[key] != s || slices.Contains(old.heirs, s)
		switch {
		case !isNew || s.kind != old.kind:
		case s.place == old.place:
			ofPlace = append(ofPlace, s)
		case !knownPlaces[s.place]:
			ofKind = append(ofKind, s)
		}
	}
	if len(ofPlace) > 0 {
		return unreported(ofPlace)
	}
	return unreported(ofKind)
}

func unreported(sources []*source) []*source {
	return slices.DeleteFunc(sources, func(s *source) bool { return s.isReported })
}

// stopRetired stops the retired sources whose heirs have reported, and reports
// whether there were any. mu must be locked.
func (d *Discovery) stopRetired() bool {
	isAny := false
	for key, old := range d.retired {
		if old.heirs = unreported(old.heirs); len(old.heirs) == 0 {
			old.stop()
			delete(d.retired, key)
			isAny = true
		}
	}
	return isAny
}

// start returns a source for each discoverer. A running source is reused.
func (d *Discovery) start(ctx context.Context, discoverers map[string]namedDiscoverer) map[string]*source {
	d.mu.Lock()
	defer d.mu.Unlock()
	next, running, previous := make(map[string]*source, len(discoverers)), d.allSources(), d.candidates()
	for key, named := range discoverers {
		if next[key] = running[key]; next[key] != nil {
			continue
		}
		sourceCtx, stop := context.WithCancel(ctx)
		s := newSource(named, stop)
		next[key] = s
		d.running.Go(func() {
			named.discover(sourceCtx, sink{
				previous: previous,
				update:   func(all []*candidate) { d.update(key, s, all) },
				fail:     func(err error) { d.fail(s, err) },
				recover:  func() { d.recover(s) },
			})
		})
	}
	return next
}

// candidates returns the candidates of the sources in use, by origin. mu must be
// locked.
func (d *Discovery) candidates() map[string][]*candidate {
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

func (d *Discovery) fail(s *source, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.markTried()
	s.isFailing = true
	if len(s.heirs) > 0 {
		return // the heirs have the same failure
	}
	d.CountFailure(s.kind)
	d.Logger.Warn("Discovering gateways failed; the gateways found before stay", "by", s.kind, "err", err)
}

func (d *Discovery) recover(s *source) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.isFailing = false
}

// Up reports for each kind of source in use whether all its sources have given a
// list and none fails. The configuration's own gateways are always readable.
func (d *Discovery) Up() map[string]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	up := make(map[string]bool)
	if d.plan != nil && len(d.plan.static) > 0 {
		up[contract.SourceStatic] = true
	}
	for _, s := range d.sources {
		wasUp, isKnown := up[s.kind]
		up[s.kind] = s.isReported && !s.isFailing && (wasUp || !isKnown)
	}
	return up
}

// awaitTries waits until each source has given a list or failed, for at most
// firstTryTimeout.
func awaitTries(ctx context.Context, sources map[string]*source) {
	limit, cancel := context.WithTimeout(ctx, firstTryTimeout)
	defer cancel()
	for _, s := range sources {
		select {
		case <-s.tried:
		case <-limit.Done():
			return
		}
	}
}

func (d *Discovery) update(key string, s *source, all []*candidate) {
	d.mu.Lock()
	defer d.mu.Unlock()
	isChanged := !s.isReported || (len(all) == 0) != (len(s.candidates) == 0)
	s.candidates, s.isReported = all, true
	s.markTried()
	switch {
	case !isChanged:
	case s.isGuess && len(all) > 0:
		d.Logger.Info("Discovery found gateways: "+s.search, "by", s.kind, "gateways", len(all))
	case s.isGuess:
		d.warnOfGuesses()
	case len(all) == 0:
		d.Logger.Warn("Discovery found no gateways: "+s.search, "by", s.kind)
	}
	if d.sources[key] == s || d.retired[key] == s {
		d.publish(d.stopRetired())
	}
}

// warnOfGuesses logs once where all guesses looked, if none of them found a gateway.
// mu must be locked.
func (d *Discovery) warnOfGuesses() {
	var searches []string
	for _, s := range d.sources {
		switch {
		case !s.isGuess:
		case len(s.candidates) > 0:
			d.isWarned = false
			return
		case !s.isReported:
			return
		default:
			searches = append(searches, strings.TrimPrefix(s.search, "looked for "))
		}
	}
	if len(searches) == 0 || d.isWarned {
		return
	}
	d.isWarned = true
	slices.Sort(searches)
	d.Logger.Warn("Discovery found no gateways: looked for "+strings.Join(searches, "; "), "by", contract.SourceKubernetes)
}

// publish must be called with mu locked.
func (d *Discovery) publish(isReconfigured bool) {
	// Sorted, so that of two gateways with the same name always the same is kept.
	all, retired := slices.Clone(d.plan.static), []*candidate(nil)
	for _, s := range sortedValues(d.sources) {
		all = append(all, s.candidates...)
	}
	for _, s := range sortedValues(d.retired) {
		retired = append(retired, s.candidates...)
	}
	targets, dropped, bad := d.builder.build(all, retired)
	d.warn(bad)
	for i := range targets {
		targets[i].IsElsewhere = !d.Shard.Has(targets[i].Gateway)
	}
	d.targets = targets
	d.dropped = slices.DeleteFunc(dropped, func(g Dropped) bool { return !d.Shard.Has(g.Gateway) })
	d.Publish(targets, isReconfigured)
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

// Dropped returns the gateways that were found and are not scraped.
func (d *Discovery) Dropped() []Dropped {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dropped
}

// Counts returns the number of gateways by source and by state: one of
// contract.GatewayStates. A source without gateways has 0 in each state.
func (d *Discovery) Counts() map[string]map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts := make(map[string]map[string]int)
	add := func(source, state string, n int) {
		if counts[source] == nil {
			counts[source] = make(map[string]int)
			for _, s := range contract.GatewayStates() {
				counts[source][s] = 0
			}
		}
		counts[source][state] += n
	}
	for _, s := range d.sources {
		add(s.kind, contract.GatewayActive, 0)
	}
	for _, t := range d.targets {
		switch {
		case t.IsElsewhere:
		case t.IsTerminating:
			add(t.Source, contract.GatewayLeaving, 1)
		default:
			add(t.Source, contract.GatewayActive, 1)
		}
	}
	for _, g := range d.dropped {
		add(g.Source, contract.GatewayDropped, 1)
	}
	return counts
}

// IsReady reports whether each source has given its first list or failed, and
// gateways are known from at least one source or from the configuration. A ready
// Discovery stays ready, also during a reload.
func (d *Discovery) IsReady() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isReady = d.isReady || d.plan != nil && d.knowsGateways()
	return d.isReady
}

// knowsGateways must be called with mu locked.
func (d *Discovery) knowsGateways() bool {
	isKnown := len(d.plan.static) > 0 || len(d.sources) == 0
	for _, s := range d.sources {
		if !s.isTried() {
			return false
		}
		isKnown = isKnown || s.isReported
	}
	return isKnown
}

// Wait returns when the sources have stopped. The context given to Apply must
// have ended.
func (d *Discovery) Wait() { d.running.Wait() }
