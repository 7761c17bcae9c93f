// Modelserver serves a text classifier over KServe's V1 inference protocol, with ONNX Runtime.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/moodring/moodring/modelserver/internal/model"
	"github.com/moodring/moodring/modelserver/internal/onnx"
	"github.com/moodring/moodring/modelserver/internal/protocol"
	"github.com/moodring/moodring/modelserver/internal/token"
)

var version = "unknown" // set by the linker

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program. It returns the exit code: 0 for success, 1 for a failure, 2 for a wrong command line.
func run(args []string, stdout, stderr io.Writer) int {
	settings, err := parse(args, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case settings.version:
		fmt.Fprintln(stdout, "modelserver", version, runtime.Version())
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(stderr, nil))
	if err := serve(ctx, settings, log); err != nil {
		fmt.Fprintln(stderr, "modelserver:", err)
		return 1
	}
	return 0
}

type settings struct {
	name, dir, host, library string
	port                     int
	version                  bool
}

// parse reads the flags, which have the names of the flags of KServe's own servers. It prints errors to stderr.
func parse(args []string, stdout, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("modelserver", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.name, "model_name", "bert-emotion-model", "name of the model in paths, /v1/models/`NAME`:predict")
	flags.StringVar(&s.dir, "model_dir", "modelserver/models/bert-emotion-model", "`folder` with model.onnx, vocab.txt and config.json")
	flags.StringVar(&s.host, "host", "127.0.0.1", "`address` to listen on")
	flags.IntVar(&s.port, "http_port", 8085, "`port` to listen on; 0 takes any free port, and the log shows the port")
	flags.StringVar(&s.library, "onnxruntime", os.Getenv("ONNXRUNTIME_LIB"), "`path` of libonnxruntime.so; else $ONNXRUNTIME_LIB, else .tools/lib of the working directory or beside the program's folder")
	flags.BoolVar(&s.version, "version", false, "print the version and exit")
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unknown argument %q; only flags are taken", flags.Arg(0))
	}
	if err == nil && s.name == "" {
		err = errors.New("--model_name is empty; give the model a name")
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, "modelserver serves a text classifier over KServe's V1 inference protocol.\n\nUsage: modelserver [flags]\n\n")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
	case err != nil:
		fmt.Fprintf(stderr, "modelserver: %v (modelserver -h lists the flags)\n", err)
	}
	return s, err
}

// serve loads the model and then listens until ctx is done. Once the port is open, the model is ready.
func serve(ctx context.Context, s settings, log *slog.Logger) error {
	started := time.Now()
	loaded, err := load(s)
	if err != nil {
		return err
	}
	handler, err := routes(protocol.Options{Name: s.name, Labels: loaded.labels, Model: loaded.model, Log: log})
	if err != nil {
		return errors.Join(err, loaded.session.Close())
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(s.host, strconv.Itoa(s.port)))
	if err != nil {
		return errors.Join(fmt.Errorf("%w; choose another with --host or --http_port", err), loaded.session.Close())
	}
	log.Info("serving", "model", s.name, "url", "http://"+listener.Addr().String(),
		"onnxruntime", loaded.session.Version(), "startup", time.Since(started).Round(time.Millisecond))
	if err := serveRequests(ctx, listener, handler, log); err != nil {
		return err // a request may still use the session, so the session stays open until the process ends
	}
	return loaded.session.Close()
}

// loaded is a model folder in memory.
type loaded struct {
	labels  []string
	session *onnx.Session
	model   model.Model
}

func load(s settings) (*loaded, error) {
	config, err := model.ReadConfig(filepath.Join(s.dir, "config.json"))
	if err != nil {
		return nil, fmt.Errorf("%w; name the model's folder with --model_dir", err)
	}
	tokenizer, err := token.Open(filepath.Join(s.dir, "vocab.txt"), config.MaxTokens)
	if err != nil {
		return nil, fmt.Errorf("%w; name the model's folder with --model_dir", err)
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	library, err := onnx.Library(s.library, executable)
	if err != nil {
		return nil, err
	}
	session, err := onnx.Open(library, filepath.Join(s.dir, "model.onnx"), len(config.Labels))
	if err != nil {
		return nil, err
	}
	classifier := model.NewClassifier(config.Labels, tokenizer.Encode, session.Scores, runtime.GOMAXPROCS(0))
	return &loaded{config.Labels, session, classifier}, nil
}

// routes adds /metrics to the protocol's paths.
func routes(options protocol.Options) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	options.Registerer = registry
	models, err := protocol.Handler(options)
	if err != nil {
		return nil, err
	}
	metrics := promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			metrics.ServeHTTP(w, r)
			return
		}
		models.ServeHTTP(w, r)
	}), nil
}

// serveRequests serves until ctx is done, and then waits at most ten seconds for requests in flight.
func serveRequests(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return fmt.Errorf("requests were still in flight 10 seconds after the signal: %w", err)
	}
	return nil
}
