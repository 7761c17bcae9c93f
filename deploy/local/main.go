// Local runs all of Moodring on one machine: `local up` until Ctrl-C, `local
// demo` once, with every count checked, `local drift` to see an alert fire.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/client"
	"github.com/moodring/moodring/deploy/local/internal/corpus"
	"github.com/moodring/moodring/deploy/local/internal/stack"
	"github.com/moodring/moodring/deploy/local/internal/traffic"
)

var version = "unknown" // set by the linker

const usage = `local runs all of Moodring on one machine: model server, Envoy with the filter,
rate limit service, exporter, Prometheus and a preview of the dashboards. Run it
from the checkout's root.

  local up      run until Ctrl-C, with a trickle of traffic
  local demo    send a corpus, check every count, print a table; exit 0 or 1
  local drift   send a corpus as it is, then with joy's share doubled: the alert
                on drift must fire in the second and not in the first; exit 0 or 1

Environment:
  GATEWAY_PORT, ADMIN_PORT, MODELSERVER_PORT, RATELIMIT_PORT, RATELIMIT_GRPC_PORT,
  EXPORTER_PORT, PROMETHEUS_PORT, PREVIEW_PORT
                    ports on 127.0.0.1; 0 takes any free one
  ENVOY             Envoy's binary
  GRAFANA           Grafana's binary, to show the dashboards in instead of the
                    preview
  ONNXRUNTIME_LIB   ONNX Runtime's shared library
  REDIS_URL         a Redis to use instead of one in this process
  DEMO_CORPUS       file of sentences to send, text;label a line
  DEMO_REQUESTS     how many the demo sends; all of the corpus once, when unset
  DEMO_JSON         file to write the result to
  DRIFT_WINDOW      over how long drift compares answers with the baseline; 1m
                    when unset
  DRIFT_PICTURE     file to draw the model's board into when it has drifted, .png
                    or .svg

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// runner is what both commands share.
type runner struct {
	stdout, stderr io.Writer
	root, runDir   string
	http           *http.Client
	logger         *slog.Logger
	corpus         string // its file
	sentences      []corpus.Sentence
}

const scrapeInterval = 2 * time.Second

var errUsage = errors.New("usage")

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdout, stderr)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		_, _ = fmt.Fprintf(stderr, "local: %v; see local -h\n", err)
		return 2
	}
	_, _ = fmt.Fprintln(stderr, "local:", err)
	return 1
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	root := flags.String("root", ".", "the checkout's root")
	runDir := flags.String("run-dir", ".run", "directory for logs, data and up.json, removed after a sound end")
	showVersion := flags.Bool("version", false, "show the version")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, err = fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if *showVersion {
		_, err := fmt.Fprintln(stdout, "local", version)
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("%w: one of up, demo and drift, not %q", errUsage, flags.Args())
	}
	command, known := map[string]func(runner, context.Context) error{"up": runner.up, "demo": runner.demo, "drift": runner.drift}[flags.Arg(0)]
	if !known {
		return fmt.Errorf("%w: unknown command %q", errUsage, flags.Arg(0))
	}
	r, err := newRunner(*root, *runDir, stdout, stderr)
	if err != nil {
		return err
	}
	return command(r, ctx)
}

func newRunner(root, runDir string, stdout, stderr io.Writer) (runner, error) {
	root, rootErr := filepath.Abs(root)
	runDir, runErr := filepath.Abs(runDir)
	if err := errors.Join(rootErr, runErr); err != nil {
		return runner{}, err
	}
	file := os.Getenv("DEMO_CORPUS")
	if file == "" {
		file = ownCorpus(root)
	}
	sentences, err := readCorpus(file)
	if err != nil {
		return runner{}, err
	}
	return runner{
		stdout: stdout, stderr: stderr, root: root, runDir: runDir, corpus: file, sentences: sentences,
		http:   &http.Client{Timeout: time.Minute},
		logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, nil
}

func ownCorpus(root string) string { return filepath.Join(root, "deploy", "local", "corpus.txt") }

func readCorpus(name string) ([]corpus.Sentence, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("no corpus: %w; run from the checkout's root, or set DEMO_CORPUS to a file", err)
	}
	defer file.Close()
	return corpus.Read(name, file)
}

func (r runner) progress(format string, args ...any) {
	_, _ = fmt.Fprintf(r.stderr, format+"\n", args...)
}

// usualRules are for a call a second: ten minutes have as many answers as an
// alert on drift asks for, and more.
func usualRules(baseline string) stack.Rules {
	return stack.Rules{Baseline: baseline, Window: 10 * time.Minute, For: time.Minute}
}

func (r runner) start(ctx context.Context, rules stack.Rules) (*stack.Stack, error) {
	return stack.Start(ctx, stack.Options{
		Root: r.root, RunDir: r.runDir, ScrapeInterval: scrapeInterval, Rules: rules,
		Logger: r.logger, Progress: r.progress,
	})
}

func (r runner) client(running *stack.Stack) client.Client {
	return client.Client{Gateway: running.Addresses.Gateway, HTTP: r.http}
}

// up runs the stack until ctx is done or a part of it ends.
func (r runner) up(ctx context.Context) error {
	running, err := r.start(ctx, usualRules(ownCorpus(r.root)))
	if err != nil {
		return stopped(ctx, err)
	}
	if err := r.printAddresses(running); err != nil {
		return errors.Join(err, running.Stop())
	}
	calls, stopCalls := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		traffic.Trickle{
			Client: r.client(running), Key: stack.UnlimitedKey, Sentences: r.sentences,
			Interval: time.Second, Logger: r.logger,
		}.Run(calls)
	}()
	select {
	case <-ctx.Done():
		r.progress("\nstopping")
	case err = <-running.Failed():
	}
	stopCalls()
	<-over
	return errors.Join(err, running.Stop())
}

// stopped drops the error of a start that Ctrl-C cut short.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (r runner) printAddresses(running *stack.Stack) error {
	at := running.Addresses
	_, err := fmt.Fprintf(r.stdout, `
gateway      %s
  admin      %s/stats/prometheus
  access log %s
model server %s/v1/models/%s
exporter     %s/metrics
prometheus   %s
  alerts     %s/api/v1/alerts
dashboards   %s
rate limits  %s/json

  curl -H 'Host: %s' -H 'X-Test: istio-is-cool' -H 'x-api-key: you' %s%s -d '{"input": "Istio is the best service mesh"}'

Ctrl-C stops all of it.
`, at.Gateway, at.Admin, running.AccessLog, at.ModelServer, stack.ModelName, at.Exporter, at.Prometheus, at.Prometheus, at.Preview, at.RateLimit,
		client.Host, at.Gateway, client.Path)
	return err
}

// requests is how many sentences the demo sends.
func (r runner) requests() (int, error) {
	text := os.Getenv("DEMO_REQUESTS")
	if text == "" {
		return len(r.sentences), nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, fmt.Errorf("DEMO_REQUESTS is %q; give a number of sentences, 1 or more", text)
	}
	return number, nil
}
