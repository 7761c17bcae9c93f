package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/grafana"
	"github.com/moodring/moodring/dashgen/internal/preview"
)

const previewHelp = `usage: dashgen preview --prometheus URL [flags] [FILE.json...]

Serves Grafana dashboards in a browser, without a Grafana: Moodring's own, or
those of the files. What it cannot draw it says in the panel's place.

`

type previewFlags struct {
	prometheus, scrapeInterval, listen string
}

func previewCommand(args []string, stdout io.Writer) error {
	var flags previewFlags
	set := flag.NewFlagSet("dashgen preview", flag.ContinueOnError)
	flags.define(set)
	set.StringVar(&flags.listen, "web.listen-address", "127.0.0.1:3000", "where to serve; on a loopback address it answers this machine only")
	if err := parse(set, args, previewHelp, stdout); err != nil {
		return err
	}
	options, err := flags.options(set.Args())
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return servePreview(ctx, options, flags.listen, stdout)
}

// define makes the flags that preview and render share.
func (f *previewFlags) define(set *flag.FlagSet) {
	set.StringVar(&f.prometheus, "prometheus", "", "address of the Prometheus to ask, as http://127.0.0.1:9090")
	set.StringVar(&f.scrapeInterval, "scrape-interval", "15s", "how often Prometheus scrapes, as a Grafana's data source is told: $__rate_interval is at least four times as much")
}

// parse parses args; asked for help it prints it, and returns flag.ErrHelp.
func parse(set *flag.FlagSet, args []string, help string, stdout io.Writer) error {
	set.SetOutput(io.Discard)
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		set.SetOutput(stdout)
		if writeErr := write(stdout, help); writeErr != nil {
			return writeErr
		}
		set.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%w: %s: %w", errUsage, strings.TrimPrefix(set.Name(), "dashgen "), err)
	}
	return nil
}

// options are those of a preview of files, or of the built-in boards.
func (f *previewFlags) options(files []string) (preview.Options, error) {
	address, err := url.Parse(f.prometheus)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return preview.Options{}, fmt.Errorf("%w: --prometheus must be an address as http://127.0.0.1:9090, not %q", errUsage, f.prometheus)
	}
	interval, err := model.ParseDuration(f.scrapeInterval)
	if err != nil || interval <= 0 {
		return preview.Options{}, fmt.Errorf("%w: --scrape-interval must be a duration as 15s or 1m, not %q", errUsage, f.scrapeInterval)
	}
	boards, err := readBoards(files)
	return preview.Options{Boards: boards, Prometheus: address, ScrapeInterval: time.Duration(interval)}, err
}

func readBoards(files []string) ([]preview.Board, error) {
	if len(files) == 0 {
		return builtInBoards()
	}
	var boards []preview.Board
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		read, err := preview.Read(strings.TrimSuffix(filepath.Base(file), ".json"), text)
		if err != nil {
			return nil, err
		}
		boards = append(boards, read)
	}
	return boards, nil
}

func builtInBoards() ([]preview.Board, error) {
	var boards []preview.Board
	for _, b := range board.All().Boards {
		text, err := grafana.Marshal(b)
		if err != nil {
			return nil, err
		}
		read, err := preview.Read(b.File, text)
		if err != nil {
			return nil, err
		}
		boards = append(boards, read)
	}
	return boards, nil
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
	if err := write(stdout, fmt.Sprintf("preview of %s at http://%s\n", options.Prometheus.Redacted(), listener.Addr())); err != nil {
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
