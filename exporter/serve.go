package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/expose"
	"github.com/moodring/moodring/exporter/internal/scrape"
	"github.com/moodring/moodring/exporter/internal/shape"
	"github.com/moodring/moodring/exporter/internal/target"
)

// check tells whether the file at path can be used, and what it comes to.
func check(path string, stdout io.Writer) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	targets, err := target.Static(cfg.Gateways, cfg.RelabelConfigs)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	_, err = fmt.Fprintf(stdout, "%s is sound: %d of %d gateways kept\n", path, len(targets), len(cfg.Gateways))
	return err
}

// serve serves until ctx ends.
func serve(ctx context.Context, f *flags, stderr io.Writer) error {
	cfg, err := f.configuration()
	if err != nil {
		return err
	}
	targets, err := target.Static(cfg.Gateways, cfg.RelabelConfigs)
	if err != nil {
		return err
	}
	logger := promslog.New(&f.log)
	handler, err := newHandler(cfg, targets, logger)
	if err != nil {
		return err
	}
	logger.Info("Starting exporter", "version", version, "gateways", len(targets))
	return listen(ctx, handler, f.web, logger)
}

// listen serves until ctx ends, then lets requests under way finish.
func listen(ctx context.Context, handler http.Handler, flags *web.FlagConfig, logger *slog.Logger) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	stopWaiting := context.AfterFunc(ctx, func() {
		logger.Info("Stopping exporter")
		stopped <- shutdown(context.WithoutCancel(ctx), server)
	})
	err := web.ListenAndServe(server, flags, logger)
	if errors.Is(err, http.ErrServerClosed) {
		return <-stopped
	}
	stopWaiting()
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: stop what listens there, or choose another --web.listen-address", err)
	}
	return err
}

func shutdown(ctx context.Context, server *http.Server) error {
	const patience = 5 * time.Second
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return fmt.Errorf("stopping: requests under way did not end within %s: %w", patience, err)
	}
	return nil
}

// newHandler wires the rooms together.
func newHandler(cfg *config.Config, targets []target.Target, logger *slog.Logger) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(buildInfo())
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.Gateway
	}
	meter, err := expose.NewMeter(registry, names)
	if err != nil {
		return nil, err
	}
	return expose.NewHandler(expose.Options{
		Scrape:   newScraper(cfg, targets, meter, logger).scrape,
		Timeout:  time.Duration(cfg.Scrape.Timeout),
		Meter:    meter,
		Registry: registry,
		Logger:   logger,
		Version:  version,
	})
}

func buildInfo() prometheus.Collector {
	row, _ := contract.Find(contract.ExporterBuild)
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        row.Name,
		Help:        row.Help,
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	info.Set(1)
	return info
}

// gateway is a target and its latest scrape, shared by all who ask.
type gateway struct {
	target target.Target
	shared *scrape.Shared[expose.Snapshot]
}

type scraper struct {
	client   *scrape.Client
	rules    []*relabel.Config // metric_relabel_configs
	meter    *expose.Meter
	logger   *slog.Logger
	gateways []gateway
}

func newScraper(cfg *config.Config, targets []target.Target, meter *expose.Meter, logger *slog.Logger) *scraper {
	s := &scraper{
		client: &scrape.Client{
			HTTP:         scrape.NewHTTPClient(),
			Format:       cfg.Scrape.Format,
			Filter:       shape.Filter(),
			MaxPageBytes: cfg.Scrape.MaxPageBytes,
			MaxLineBytes: cfg.Scrape.MaxLineBytes,
		},
		rules:  cfg.MetricRelabelConfigs,
		meter:  meter,
		logger: logger,
	}
	for _, t := range targets {
		s.gateways = append(s.gateways, gateway{t, &scrape.Shared[expose.Snapshot]{
			MinAge: time.Duration(cfg.Scrape.MinAge),
			Do:     func(ctx context.Context) expose.Snapshot { return s.one(ctx, t) },
		}})
	}
	return s
}

// scrape returns a snapshot of each gateway, in the order of the targets. One
// that does not come by ctx's deadline is down.
func (s *scraper) scrape(ctx context.Context) []expose.Snapshot {
	start := time.Now()
	snapshots := make([]expose.Snapshot, len(s.gateways))
	var all sync.WaitGroup
	for i, g := range s.gateways {
		all.Go(func() {
			snapshot, err := g.shared.Get(ctx)
			if err != nil {
				snapshot = expose.Snapshot{Gateway: g.target.Gateway, Duration: time.Since(start)}
			}
			snapshots[i] = snapshot
		})
	}
	all.Wait()
	return snapshots
}

// one scrapes one gateway.
func (s *scraper) one(ctx context.Context, t target.Target) expose.Snapshot {
	start := time.Now()
	page, err := s.client.Page(ctx, t.URL)
	snapshot := expose.Snapshot{Gateway: t.Gateway, Up: err == nil, Bytes: page.Bytes}
	if err != nil {
		s.logger.Warn("Scraping a gateway failed", "gateway", t.Gateway, "err", err)
	} else {
		snapshot.Series, snapshot.Dropped = shape.Shape(page, shape.Options{Labels: t.Labels, Relabel: s.rules})
	}
	snapshot.Duration = time.Since(start)
	s.meter.Record(snapshot)
	return snapshot
}
