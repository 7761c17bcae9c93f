package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	"github.com/moodring/moodring/exporter/internal/cgroup"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
)

// check prints how many gateways the configuration file at path gives, or returns
// an error if the file cannot be used.
func check(path string, stdout io.Writer) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	targets, err := discovery.StaticTargets(cfg.Gateways, cfg.RelabelConfigs)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	listed, err := discovery.CheckFiles(cfg)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if !cfg.HasSources() {
		_, err = fmt.Fprintf(stdout, "%s is sound, but says of no gateway where it is: also give --gateway or --kube\n", path)
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s is sound: %d of %d gateways kept, %d in files, %d other ways to find more\n",
		path, len(targets), len(cfg.Gateways), listed, len(cfg.Discoveries())-len(cfg.FileSD))
	return err
}

// collectEarly makes the garbage collector run more often than by default: a
// thousand gateways take a few percent of a processor, but most of the memory.
// GOGC overrides it.
func collectEarly() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(40)
	}
}

// stayWithin makes the garbage collector run more often as the memory limit of the
// container comes near. GOMEMLIMIT overrides it.
func stayWithin(root fs.FS) {
	const heap = 0.9 // of the limit; the rest is for memory that the collector does not count
	if limit, ok := cgroup.MemoryLimit(root); ok && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(heap * float64(limit)))
	}
}

// serve serves until ctx ends.
func serve(ctx context.Context, f *flags, stderr io.Writer) error {
	collectEarly()
	stayWithin(os.DirFS("/sys/fs/cgroup"))
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
	watch := newFileWatch(*f.configFile)
	if err := e.load(ctx); err != nil {
		return err
	}
	options := e.options(ctx)
	options.Meter, options.Registry = meter, registry
	handler, err := expose.NewHandler(options)
	if err != nil {
		return err
	}
	if err := e.push(ctx, f.otlp, options); err != nil {
		return err
	}
	e.reloadOnHangup(ctx)
	e.reloadOnChange(ctx, watch)
	logger.Info("Starting exporter", "version", version)
	return listen(ctx, newServer(handler, e.timeout), f.web, logger)
}

const (
	readTime = 30 * time.Second // for a scraper to read its page
	idleTime = 5 * time.Minute  // until its next scrape, which is a minute or two later
)

// newServer returns a server that closes the connection of a scraper that stops
// reading: its page would stay in memory for ever. scrapeTimeout returns how long
// a scrape of the gateways may take, after which the page is written. /debug/pprof
// adds the time of a profile by itself.
func newServer(handler http.Handler, scrapeTimeout func() time.Duration) *http.Server {
	limited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(scrapeTimeout() + readTime)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		handler.ServeHTTP(w, r)
	})
	return &http.Server{Handler: limited, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: readTime, IdleTimeout: idleTime}
}

// listen serves until ctx ends, and then waits for requests in progress.
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
	return withAdvice(err)
}

// withAdvice adds advice to an error of listening.
func withAdvice(err error) error {
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
	const patience = 10 * time.Second // a connection without a request counts as busy for its first 5 s
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return fmt.Errorf("stopping: requests under way did not end within %s: %w", patience, err)
	}
	return nil
}

// newRegistry returns a registry with the metrics of the exporter's process.
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
