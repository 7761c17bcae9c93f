package target

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

// Options of a Discovery. All fields are needed.
type Options struct {
	Logger *slog.Logger
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
	sources  map[string]*source // in use, by their configuration
	rules    []*relabel.Config
	warnings map[string]bool // given about the current list
}

// NewDiscovery returns a Discovery without sources.
func NewDiscovery(options Options) *Discovery {
	return &Discovery{Options: options}
}

// finder finds gateways until ctx ends, and calls report with all of them at
// first and whenever they may have changed.
type finder func(ctx context.Context, report func([]found))

// source is a finder at work.
type source struct {
	stop     context.CancelFunc
	reported chan struct{} // closed by the first report
	found    []found       // guarded by Discovery.mu
}

// patience is how long a new configuration waits for its new sources' first
// reports before it takes the place of the old one.
const patience = 10 * time.Second

// Apply discovers what cfg says, until ctx ends. Sources that the configuration
// before had too go on; the targets of the others stay until the new sources
// have reported, or 10 seconds.
func (d *Discovery) Apply(ctx context.Context, cfg *config.Config) error {
	finders, err := finders(cfg)
	if err != nil {
		return err
	}
	d.applying.Lock()
	defer d.applying.Unlock()
	isFirst := d.sources == nil
	next := d.start(ctx, finders)
	isWhole := isFirst || haveReported(ctx, next)
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, old := range d.sources {
		if next[key] != old {
			old.stop()
		}
	}
	d.sources, d.rules, d.warnings = next, cfg.RelabelConfigs, nil
	d.publish(isWhole && !isFirst)
	return nil
}

// finders returns the finders of cfg, by the part of it that they depend on.
func finders(cfg *config.Config) (map[string]finder, error) {
	all := make(map[string]finder)
	gateways, err := static(cfg.Gateways)
	if err != nil {
		return nil, err
	}
	err = add(all, "gateways", cfg.Gateways, func(_ context.Context, report func([]found)) { report(gateways) })
	return all, err
}

func add(all map[string]finder, kind string, cfg any, f finder) error {
	text, err := yaml.Marshal(cfg)
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	all[kind+"\n"+string(text)] = f
	return nil
}

// start returns a source for each finder: the one that runs already, or a new one.
func (d *Discovery) start(ctx context.Context, finders map[string]finder) map[string]*source {
	next := make(map[string]*source, len(finders))
	for key, find := range finders {
		if next[key] = d.sources[key]; next[key] != nil {
			continue
		}
		own, stop := context.WithCancel(ctx)
		s := &source{stop: stop, reported: make(chan struct{})}
		next[key] = s
		d.running.Go(func() {
			find(own, func(all []found) { d.report(key, s, all) })
		})
	}
	return next
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

func (d *Discovery) report(key string, s *source, all []found) {
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
	var all []found
	for _, key := range slices.Sorted(maps.Keys(d.sources)) { // so that of two with one name the same stays
		all = append(all, d.sources[key].found...)
	}
	kept, bad := targets(all, d.rules)
	d.warn(bad)
	d.Publish(kept, isReconfigured)
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
