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
	"syscall"
	"time"

	"github.com/moodring/moodring/dashgen/internal/preview"
	"github.com/moodring/moodring/dashgen/internal/prom"
)

const previewHelp = `--prometheus URL [flags] [FILE.json...]

Shows Grafana dashboards in a browser, without a Grafana: Moodring's own, or those
in the files. A panel that preview cannot draw shows the reason.
`

func previewCommand(p program, args []string) error {
	var draw drawFlags
	set := newFlags("preview", previewHelp)
	draw.define(set)
	listen := set.String("web.listen-address", "127.0.0.1:3000", "address to serve at; on a loopback address, only this machine is served")
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	options, err := draw.options(p, "preview", set.Args())
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return servePreview(ctx, options, *listen, p.stdout)
}

const (
	headerLimit = 10 * time.Second
	closeLimit  = 5 * time.Second
)

// warnIfAway prints the reason if Prometheus does not answer. The page says so too,
// and asks again.
func warnIfAway(ctx context.Context, server prom.Server, stdout io.Writer) {
	client, err := prom.Dial(server)
	if err == nil {
		_, err = client.Now(ctx)
	}
	if err != nil && ctx.Err() == nil {
		_ = writeText(stdout, fmt.Sprintf("preview: %v\n", err))
	}
}

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
	if err := writeText(stdout, fmt.Sprintf("preview of %s at http://%s\n", options.Prometheus, listener.Addr())); err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerLimit}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	checking, stopCheck := context.WithCancel(ctx)
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		warnIfAway(checking, options.Prometheus, stdout)
	}()
	defer func() { stopCheck(); <-checked }()
	select {
	case err := <-ended:
		return fmt.Errorf("preview: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		return server.Close() // a query takes longer than closeLimit
	}
	return nil
}
