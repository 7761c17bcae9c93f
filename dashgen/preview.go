package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/preview"
)

const previewHelp = `--prometheus URL [flags] [FILE.json...]

Serves Grafana dashboards in a browser, without a Grafana: Moodring's own, or
those of the files. What it cannot draw it says in the panel's place.
`

type previewFlags struct {
	prometheus, scrapeInterval, listen string
}

func previewCommand(p program, args []string) error {
	var chosen previewFlags
	set := newFlags("preview", previewHelp)
	chosen.define(set)
	set.StringVar(&chosen.listen, "web.listen-address", "127.0.0.1:3000", "where to serve; on a loopback address it answers this machine only")
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	options, err := chosen.options(p, "preview", set.Args())
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return servePreview(ctx, options, chosen.listen, p.stdout)
}

// define makes the flags that preview and render share.
func (f *previewFlags) define(set flags) {
	set.StringVar(&f.prometheus, "prometheus", "", "address of the Prometheus to ask, as http://127.0.0.1:9090")
	set.StringVar(&f.scrapeInterval, "scrape-interval", "15s", "how often Prometheus scrapes, as a Grafana's data source is told: $__rate_interval is at least four times as much")
}

// options are those of a preview of files, or of the built-in boards.
func (f *previewFlags) options(p program, command string, files []string) (preview.Options, error) {
	prometheus, err := p.server(command, "--prometheus", f.prometheus)
	if err != nil {
		return preview.Options{}, err
	}
	interval, err := readDuration(command+": --scrape-interval", f.scrapeInterval)
	if err != nil {
		return preview.Options{}, err
	}
	named, err := readDashboards(files)
	if err != nil {
		return preview.Options{}, fmt.Errorf("%s: %w", command, err)
	}
	var all []dashboard.Dashboard
	for _, d := range named {
		served, err := preview.Servable(strings.TrimSuffix(filepath.Base(d.file), ".json"), d.Dashboard)
		if err != nil {
			return preview.Options{}, fmt.Errorf("%s: %s: %w", command, d.file, err)
		}
		all = append(all, served)
	}
	return preview.Options{Dashboards: all, Prometheus: prometheus, ScrapeInterval: interval}, nil
}

const (
	headerLimit = 10 * time.Second
	closeLimit  = 5 * time.Second
)

// servePreview serves until ctx is done.
func servePreview(ctx context.Context, options preview.Options, address string, stdout io.Writer) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("preview: %w; choose another with --web.listen-address", err)
	}
	options.Local = listener.Addr().(*net.TCPAddr).IP.IsLoopback()
	handler, err := preview.Handler(options)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := write(stdout, fmt.Sprintf("preview of %s at http://%s\n", options.Prometheus, listener.Addr())); err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerLimit}
	over := make(chan error, 1)
	go func() { over <- server.Serve(listener) }()
	select {
	case err := <-over:
		return fmt.Errorf("preview: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		return server.Close() // some question takes longer than one waits here
	}
	return nil
}
