package payloadlog

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/moodring/moodring/deploy/local/internal/command"
	"github.com/moodring/moodring/deploy/local/internal/process"
)

// LoggerProgram returns the program that runs a Logger in front of a model server.
// Self is a program that calls LoggerMain for the argument "logger". Model and
// collector are URLs.
func LoggerProgram(self, listen, model, collector, log string) process.Program {
	return process.Program{
		Name: "logger", Path: self, Args: []string{"logger", "-listen", listen, "-model", model, "-collector", collector},
		Ready: "http://" + listen + "/-/ready", Log: log,
	}
}

// CollectorProgram returns the program that runs a Collector. Self is a program that
// calls CollectorMain for the argument "collector".
func CollectorProgram(self, listen, log string) process.Program {
	return process.Program{
		Name: "collector", Path: self, Args: []string{"collector", "-listen", listen},
		Ready: "http://" + listen + "/-/ready", Log: log,
	}
}

const loggerUsage = `usage: logger [flags]

Forwards requests to a model server, and posts each reply to a collector.

`

// LoggerMain runs a Logger until ctx ends. Args are the arguments after "logger".
func LoggerMain(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("logger", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:9081", "address to serve on")
	model := flags.String("model", "http://127.0.0.1:8080", "URL of the model server")
	collector := flags.String("collector", "http://127.0.0.1:8081", "URL of the collector")
	if err := command.ParseAll(flags, args, loggerUsage, stdout); err != nil {
		return err
	}
	address, err := url.Parse(*model)
	if err != nil {
		return fmt.Errorf("flag -model: %w; give a URL such as http://127.0.0.1:8080", err)
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	failed := func(err error) { log.Error("an event is lost", "err", err) }
	return serve(ctx, *listen, NewLogger(address, *collector, failed))
}

const collectorUsage = `usage: collector [flags]

Counts the predictions in posted events, and serves the counts at /metrics.

`

// CollectorMain runs a Collector until ctx ends. Args are the arguments after
// "collector".
func CollectorMain(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("collector", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8081", "address to serve on")
	if err := command.ParseAll(flags, args, collectorUsage, stdout); err != nil {
		return err
	}
	return serve(ctx, *listen, new(Collector).Handler())
}

// serve serves a handler, and /-/ready, until ctx ends.
func serve(ctx context.Context, address string, handler http.Handler) error {
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	mux.HandleFunc("GET /-/ready", func(http.ResponseWriter, *http.Request) {})
	server := &http.Server{Addr: address, Handler: mux}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // ListenAndServe returns
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
