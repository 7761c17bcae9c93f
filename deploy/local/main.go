// Local runs all of Moodring on one machine, the local stack. `local up` runs
// until Ctrl-C, `local demo` checks every count once, and `local drift` checks
// that the drift alert fires.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/client"
	"github.com/moodring/moodring/deploy/local/internal/command"
	"github.com/moodring/moodring/deploy/local/internal/corpus"
	"github.com/moodring/moodring/deploy/local/internal/stack"
	"github.com/moodring/moodring/deploy/local/internal/traffic"
	"github.com/moodring/moodring/internal/cli"
)

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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdout, stderr)
	if errors.Is(err, cli.ErrUsage) {
		err = fmt.Errorf("%w%s", err, commandLine().Suggestion(args))
	}
	return command.Exit(err, "local", helpFor(args), stderr)
}

// helpFor returns the command line that prints the help on args.
func helpFor(args []string) string {
	if len(args) > 0 && slices.Contains(commandNames, args[0]) {
		return "local " + args[0] + " -h"
	}
	return "local -h"
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if isAnswered, err := commandLine().Answer(args, stdout); isAnswered {
		return err
	}
	parsed, err := parse(args, stdout)
	if err != nil {
		return err
	}
	c, err := newCommands(parsed.root, parsed.runDir, stdout, stderr)
	if err != nil {
		return err
	}
	switch parsed.command {
	case "up":
		return c.up(ctx, parsed.config)
	case "demo":
		return c.demo(ctx)
	}
	return c.drift(ctx)
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

func (c commands) start(ctx context.Context, rules stack.Rules, config stack.Config) (*stack.Stack, error) {
	return stack.Start(ctx, stack.Options{
		Root: c.root, RunDir: c.runDir, ScrapeInterval: scrapeInterval, Rules: rules, Config: config,
		Logger: c.logger, Progress: c.progress,
	})
}

func (c commands) client(running *stack.Stack) client.Client {
	return client.Client{Gateway: running.Addresses.Gateway, HTTP: c.http}
}

// up runs the stack until ctx is done or a program of the stack ends.
func (c commands) up(ctx context.Context, config stack.Config) error {
	running, err := c.start(ctx, upRules(defaultCorpus(c.root)), config)
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
		if !config.IsSeed { // the original's limit is for all callers together
			c.trickle(running).Run(calls)
		}
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

func (c commands) trickle(running *stack.Stack) traffic.Trickle {
	return traffic.Trickle{
		Client: c.client(running), Key: stack.UnlimitedKey, Sentences: c.sentences,
		Interval: time.Second, Logger: c.logger,
	}
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
