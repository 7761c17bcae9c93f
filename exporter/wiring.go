package main

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
	"github.com/moodring/moodring/exporter/internal/fleet"
	"github.com/moodring/moodring/exporter/internal/hangup"
	"github.com/moodring/moodring/exporter/internal/push"
	"github.com/moodring/moodring/internal/cli"
)

// exporter wires the packages together: the configuration says where to look for
// gateways, discovery finds them, and the fleet scrapes them.
type exporter struct {
	flags     *flags
	fleet     *fleet.Fleet
	discovery *discovery.Discovery
	logger    *slog.Logger
	running   sync.WaitGroup

	reloads            *merged
	isLoaded, loadedAt prometheus.Gauge
	pushFailures       prometheus.Counter
}

// newExporter returns an exporter without a configuration. Its own metrics are
// registered in registry.
func newExporter(ctx context.Context, f *flags, registry prometheus.Registerer, meter *expose.Meter, logger *slog.Logger) (*exporter, error) {
	e := &exporter{
		flags:    f,
		fleet:    fleet.New(ctx, meter, logger),
		logger:   logger,
		reloads:  newMerged(),
		isLoaded: gauge(contract.ExporterReload),
		loadedAt: gauge(contract.ExporterReloadTime),

		pushFailures: counter(contract.ExporterPushErrors),
	}
	shard, err := f.shard()
	if err != nil {
		return nil, err
	}
	errors, err := newDiscoveryErrors(registry, e.isLoaded, e.loadedAt, e.pushFailures, shards(shard))
	if err != nil {
		return nil, err
	}
	e.discovery = discovery.New(discovery.Options{
		Logger:       logger,
		Shard:        shard,
		CountFailure: func(source string) { errors.WithLabelValues(source).Inc() },
		Publish:      e.fleet.Apply,
	})
	return e, registry.Register(newDiscoveryCollector(e.discovery))
}

// discoveryCollector collects the gauges of discovery.
type discoveryCollector struct {
	discovery *discovery.Discovery
	gateways  *prometheus.Desc
	up        *prometheus.Desc
}

func newDiscoveryCollector(d *discovery.Discovery) *discoveryCollector {
	return &discoveryCollector{d, describe(contract.ExporterGateways), describe(contract.ExporterDiscoveryUp)}
}

func describe(name string) *prometheus.Desc {
	row, _ := contract.Find(name)
	return prometheus.NewDesc(row.Name, row.Help, row.Labels, nil)
}

// Describe sends the descriptions of the gauges.
func (c *discoveryCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.gateways
	out <- c.up
}

// Collect sends the current gauges.
func (c *discoveryCollector) Collect(out chan<- prometheus.Metric) {
	for source, isUp := range c.discovery.Up() {
		value := map[bool]float64{true: 1}[isUp]
		out <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, value, source)
	}
	for source, states := range c.discovery.Counts() {
		for state, n := range states {
			out <- prometheus.MustNewConstMetric(c.gateways, prometheus.GaugeValue, float64(n), source, state)
		}
	}
}

func gauge(name string) prometheus.Gauge {
	row, _ := contract.Find(name)
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: row.Name, Help: row.Help})
}

func counter(name string) prometheus.Counter {
	row, _ := contract.Find(name)
	return prometheus.NewCounter(prometheus.CounterOpts{Name: row.Name, Help: row.Help})
}

// shards returns the gauge with the number of shards.
func shards(own discovery.Shard) prometheus.Collector {
	row, _ := contract.Find(contract.ExporterShards)
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: row.Name, Help: row.Help}, row.Labels)
	gauge.WithLabelValues(strconv.Itoa(own.Index())).Set(float64(own.Count()))
	return gauge
}

// newDiscoveryErrors registers the counter of each source's failures, at 0, and
// the other collectors.
func newDiscoveryErrors(registry prometheus.Registerer, others ...prometheus.Collector) (*prometheus.CounterVec, error) {
	row, _ := contract.Find(contract.ExporterDiscoveryErrors)
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: row.Name, Help: row.Help}, row.Labels)
	for _, source := range contract.Sources() {
		counter.WithLabelValues(source)
	}
	for _, c := range append(others, counter) {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return counter, nil
}

// load reads the configuration and uses it until ctx ends. After an error the
// previous configuration stays in use.
func (e *exporter) load(ctx context.Context) error {
	err := e.apply(ctx)
	if err != nil {
		e.isLoaded.Set(0)
		return err
	}
	e.isLoaded.Set(1)
	e.loadedAt.SetToCurrentTime()
	return nil
}

func (e *exporter) apply(ctx context.Context) error {
	cfg, err := e.flags.configuration()
	if err != nil {
		return err
	}
	plan, err := discovery.NewPlan(cfg)
	if err != nil {
		return err
	}
	e.fleet.Configure(cfg)
	e.discovery.Apply(ctx, plan)
	return nil
}

// reload loads the configuration again, and logs the outcome. Callers that wait at
// the same time share a load, because a load may wait for a slow source.
func (e *exporter) reload(ctx context.Context) error {
	return e.reloads.do(func() error {
		err := e.load(ctx)
		if err != nil {
			e.logger.Error("Loading the configuration failed; the previous one stays in use", "err", err)
		} else {
			e.logger.Info("Loaded the configuration")
		}
		return err
	})
}

// merged merges calls of a function. Only one call runs at a time, and all callers
// that wait for its end share the next call.
type merged struct {
	running chan struct{} // holds a value while a call runs

	mu   sync.Mutex
	next *mergedCall // the call that waits; nil if there is none
}

type mergedCall struct {
	done chan struct{} // closed after err is set
	err  error
}

func newMerged() *merged { return &merged{running: make(chan struct{}, 1)} }

// do calls f, or returns the error of a call that another caller began after do.
func (m *merged) do(f func() error) error {
	m.mu.Lock()
	if call := m.next; call != nil {
		m.mu.Unlock()
		<-call.done
		return call.err
	}
	call := &mergedCall{done: make(chan struct{})}
	m.next = call
	m.mu.Unlock()

	m.running <- struct{}{}
	m.mu.Lock()
	m.next = nil
	m.mu.Unlock()
	call.err = f()
	<-m.running
	close(call.done)
	return call.err
}

// reloadOnHangup reloads the configuration at each SIGHUP until ctx ends.
func (e *exporter) reloadOnHangup(ctx context.Context) {
	e.running.Go(func() {
		for {
			select {
			case <-hangup.Signals:
				_ = e.reload(ctx) // reload logs the error
			case <-ctx.Done():
				return
			}
		}
	})
}

// reloadOnChange reloads the configuration after each change of its file until ctx
// ends. watch may be nil.
func (e *exporter) reloadOnChange(ctx context.Context, watch *fileWatch) {
	if watch == nil {
		return
	}
	e.running.Go(func() {
		watch.run(ctx, e.logger, func() {
			e.logger.Info("The configuration file has changed")
			_ = e.reload(ctx) // reload logs the error
		})
	})
}

// options returns the options of the handler, but for the exporter's own metrics.
// Reloads end with ctx.
func (e *exporter) options(ctx context.Context) expose.Options {
	return expose.Options{
		Scrape:   e.fleet.Scrape,
		Timeout:  e.timeout,
		Targets:  e.fleet.Targets,
		Dropped:  e.dropped,
		IsNative: e.isNative,
		Reload:   e.reloadOnRequest(ctx),
		IsReady:  e.discovery.IsReady,
		Logger:   e.logger,
		Version:  commandLine().Number(),

		IsProfiled: *e.flags.isProfiled,
	}
}

// reloadOnRequest returns a function that reloads the configuration, or nil if
// requests must not.
func (e *exporter) reloadOnRequest(ctx context.Context) func() error {
	if !*e.flags.isReloaded {
		return nil
	}
	return func() error { return e.reload(ctx) }
}

func (e *exporter) dropped() []expose.DroppedTarget {
	var all []expose.DroppedTarget
	for _, g := range e.discovery.Dropped() {
		all = append(all, expose.DroppedTarget(g))
	}
	return all
}

// timeout returns how long a scrape of all gateways may take.
func (e *exporter) timeout() time.Duration {
	return time.Duration(e.fleet.Config().MaxTimeout())
}

func (e *exporter) isNative() bool { return e.fleet.Config().NativeHistograms }

// wait waits until everything has stopped, once the context has ended.
func (e *exporter) wait() {
	e.running.Wait()
	e.discovery.Wait()
	e.fleet.Wait()
}

// push starts pushing the page's metrics until ctx ends, if an endpoint is given.
func (e *exporter) push(ctx context.Context, options push.Options, page expose.Options) error {
	if options.Endpoint == "" {
		return nil
	}
	options.Version, options.Logger, options.Failures = page.Version, e.logger, e.pushFailures
	options.Gather = func(ctx context.Context) ([]*dto.MetricFamily, error) { return expose.Gather(ctx, page) }
	pusher, err := push.New(ctx, options)
	if err != nil {
		return fmt.Errorf("%w: --otlp: %w", cli.ErrUsage, err)
	}
	e.running.Go(func() {
		if err := pusher.Run(ctx); err != nil {
			e.logger.Warn("The last push over OTLP failed", "err", err)
		}
	})
	return nil
}
