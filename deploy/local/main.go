// Local runs all of Moodring on one machine, the local stack. `local up` runs
// until Ctrl-C, `local demo` checks every count once, and `local drift` checks
// that the drift alert fires.
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
  local drift   send a corpus unchanged, then with joy's share doubled: the drift
                alert must fire during the second and not the first; exit 0 or 1

Environment:
  GATEWAY_PORT, ADMIN_PORT, MODELSERVER_PORT, RATELIMIT_PORT, RATELIMIT_GRPC_PORT,
  EXPORTER_PORT, PROMETHEUS_PORT, PREVIEW_PORT
                    ports on 127.0.0.1; 0 takes any free one
  ENVOY             Envoy's binary
  GRAFANA           Grafana's binary, to show the dashboards in Grafana instead
                    of the preview
  ONNXRUNTIME_LIB   ONNX Runtime's shared library
  REDIS_URL         a Redis to use instead of one in this process
  DEMO_CORPUS       file of sentences to send, text;label on each line
  DEMO_REQUESTS     number of sentences that the demo sends; each sentence of the
                    corpus once when unset
  DEMO_JSON         file to write the result to, by demo and drift
  DRIFT_WINDOW      window over which drift compares predictions with the
                    baseline; 1m when unset
  DRIFT_PICTURE     file for a picture of the model dashboard after the drift,
                    .png or .svg

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// commands holds the settings that up, demo and drift share.
type commands struct {
	stdout, stderr io.Writer
	root, runDir   string
	http           *http.Client
	logger         *slog.Logger
	corpus         string // file of sentences
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
	command, known := map[string]func(commands, context.Context) error{"up": commands.up, "demo": commands.demo, "drift": commands.drift}[flags.Arg(0)]
	if !known {
		return fmt.Errorf("%w: unknown command %q", errUsage, flags.Arg(0))
	}
	c, err := newCommands(*root, *runDir, stdout, stderr)
	if err != nil {
		return err
	}
	return command(c, ctx)
}

func newCommands(root, runDir string, stdout, stderr io.Writer) (commands, error) {
	root, rootErr := filepath.Abs(root)
	runDir, runErr := filepath.Abs(runDir)
	if err := errors.Join(rootErr, runErr); err != nil {
		return commands{}, err
	}
	file := os.Getenv("DEMO_CORPUS")
	if file == "" {
		file = defaultCorpus(root)
	}
	sentences, err := readCorpus(file)
	if err != nil {
		return commands{}, err
	}
	return commands{
		stdout: stdout, stderr: stderr, root: root, runDir: runDir, corpus: file, sentences: sentences,
		http:   &http.Client{Timeout: time.Minute},
		logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, nil
}

func defaultCorpus(root string) string { return filepath.Join(root, "deploy", "local", "corpus.txt") }

func readCorpus(name string) ([]corpus.Sentence, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("no corpus: %w; run from the checkout's root, or set DEMO_CORPUS to a file", err)
	}
	defer file.Close()
	return corpus.Read(name, file)
}

func (c commands) progress(format string, args ...any) {
	_, _ = fmt.Fprintf(c.stderr, format+"\n", args...)
}

// upRules returns the rules for one request a second. Ten minutes hold more
// predictions than the drift alert needs.
func upRules(baseline string) stack.Rules {
	return stack.Rules{Baseline: baseline, Window: 10 * time.Minute, For: time.Minute}
}

func (c commands) start(ctx context.Context, rules stack.Rules) (*stack.Stack, error) {
	return stack.Start(ctx, stack.Options{
		Root: c.root, RunDir: c.runDir, ScrapeInterval: scrapeInterval, Rules: rules,
		Logger: c.logger, Progress: c.progress,
	})
}

func (c commands) client(running *stack.Stack) client.Client {
	return client.Client{Gateway: running.Addresses.Gateway, HTTP: c.http}
}

// up runs the stack until ctx is done or a program of the stack ends.
func (c commands) up(ctx context.Context) error {
	running, err := c.start(ctx, upRules(defaultCorpus(c.root)))
	if err != nil {
		return ignoreInterrupt(ctx, err)
	}
	if err := c.printAddresses(running); err != nil {
		return errors.Join(err, running.Stop())
	}
	calls, stopCalls := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		traffic.Trickle{
			Client: c.client(running), Key: stack.UnlimitedKey, Sentences: c.sentences,
			Interval: time.Second, Logger: c.logger,
		}.Run(calls)
	}()
	select {
	case <-ctx.Done():
		c.progress("\nstopping")
	case err = <-running.Failed():
	}
	stopCalls()
	<-ended
	return errors.Join(err, running.Stop())
}

// ignoreInterrupt returns nil if the user interrupted the start, else err.
func ignoreInterrupt(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (c commands) printAddresses(running *stack.Stack) error {
	at := running.Addresses
	_, err := fmt.Fprintf(c.stdout, `
gateway      %s
  admin      %s/stats/prometheus
  access log %s
model server %s/v1/models/%s
exporter     %s/metrics
prometheus   %s
  alerts     %s/alerts
dashboards   %s
rate limits  %s/json

  curl -H 'Host: %s' -H 'X-Test: istio-is-cool' -H 'x-api-key: you' %s%s -d '{"input": "Istio is the best service mesh"}'

Ctrl-C stops everything.
`, at.Gateway, at.Admin, running.AccessLog, at.ModelServer, stack.ModelName, at.Exporter, at.Prometheus, at.Prometheus, at.Preview, at.RateLimit,
		client.Host, at.Gateway, client.Path)
	return err
}

// requests returns the number of sentences that the demo sends.
func (c commands) requests() (int, error) {
	text := os.Getenv("DEMO_REQUESTS")
	if text == "" {
		return len(c.sentences), nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, fmt.Errorf("DEMO_REQUESTS is %q; give a number of sentences, 1 or more", text)
	}
	return number, nil
}
