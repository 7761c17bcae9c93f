package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/exporter-toolkit/web"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
)

// check tells whether the file at path can be used, and what it comes to.
func check(path string, stdout io.Writer) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	targets, err := discovery.Static(cfg.Gateways, cfg.RelabelConfigs)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	listed, err := discovery.CheckFiles(cfg.FileSD)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	_, err = fmt.Fprintf(stdout, "%s is sound: %d of %d gateways kept, %d in files, %d other ways to find more\n",
		path, len(targets), len(cfg.Gateways), listed, len(cfg.Discoveries())-len(cfg.FileSD))
	return err
}

// collectEarly trades processor time, of which a thousand gateways take a few
// percent, for memory, of which they take most. GOGC overrules it.
func collectEarly() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(40)
	}
}

// serve serves until ctx ends.
func serve(ctx context.Context, f *flags, stderr io.Writer) error {
	collectEarly()
	logger := promslog.New(&f.log)
	registry, err := newRegistry()
	if err != nil {
		return err
	}
	meter, err := expose.NewMeter(registry)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	e, err := newExporter(ctx, f, registry, meter, logger)
	if err != nil {
		return err
	}
	defer func() {
		stop()
		e.wait()
	}()
	if err := e.load(ctx); err != nil {
		return err
	}
	shown := e.shown(ctx)
	shown.Meter, shown.Registry = meter, registry
	handler, err := expose.NewHandler(shown)
	if err != nil {
		return err
	}
	if err := e.push(ctx, f.otlp, shown); err != nil {
		return err
	}
	e.obey(ctx)
	logger.Info("Starting exporter", "version", version)
	return listen(ctx, newServer(handler, e.timeout), f.web, logger)
}

// How long a scraper may take to read an answer, and then say nothing.
const (
	takingTime = 30 * time.Second
	idleTime   = 5 * time.Minute // scrapes are a minute or two apart at most
)

// newServer returns a server that ends the connection of whoever stops reading:
// it would hold a page for ever. scraping returns how long it may take until
// there is anything to read. /debug/pprof adds the time of a profile by itself.
func newServer(handler http.Handler, scraping func() time.Duration) *http.Server {
	limited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(scraping() + takingTime)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		handler.ServeHTTP(w, r)
	})
	return &http.Server{Handler: limited, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: takingTime, IdleTimeout: idleTime}
}

// listen serves until ctx ends, then lets requests under way finish.
func listen(ctx context.Context, server *http.Server, flags *web.FlagConfig, logger *slog.Logger) error {
	if err := web.Validate(*flags.WebConfigFile); err != nil {
		return fmt.Errorf("--web.config.file %s: %w", *flags.WebConfigFile, err)
	}
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
	return advised(err)
}

// advised adds to an error of listening what to do.
func advised(err error) error {
	var listening *net.OpError
	switch {
	case !errors.As(err, &listening) || listening.Op != "listen":
		return err
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w: stop what listens there, or choose another --web.listen-address", err)
	}
	return fmt.Errorf("%w: choose another --web.listen-address, as HOST:PORT or :PORT", err)
}

func shutdown(ctx context.Context, server *http.Server) error {
	const patience = 10 * time.Second // a connection that never asked counts as busy for its first 5 s
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return fmt.Errorf("stopping: requests under way did not end within %s: %w", patience, err)
	}
	return nil
}

// newRegistry returns a registry with the metrics of the process itself.
func newRegistry() (*prometheus.Registry, error) {
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo(),
	} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return registry, nil
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
