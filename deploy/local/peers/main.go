// Peers compares Moodring with two other ways to count what models answer, and
// writes docs/benchmarks.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/moodring/moodring/deploy/local/internal/command"
	"github.com/moodring/moodring/deploy/local/internal/gateway"
	"github.com/moodring/moodring/deploy/local/internal/payloadlog"
	"github.com/moodring/moodring/deploy/local/internal/peers"
	"github.com/moodring/moodring/deploy/local/internal/prometheus"
)

var version = "unknown" // set by the linker

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// program runs until ctx ends.
type program func(ctx context.Context, args []string, stdout, stderr io.Writer) error

// run runs the bench, or a program that the bench starts as a process of its own.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	parts := map[string]program{"prometheus": prometheus.Main, "logger": payloadlog.LoggerMain, "collector": payloadlog.CollectorMain}
	start := program(bench)
	if len(args) > 0 && parts[args[0]] != nil {
		start, args = parts[args[0]], args[1:]
	}
	return command.Exit(start(ctx, args, stdout, stderr), "peers", "peers -h", stderr)
}

const usage = `usage: peers [flags]

Compares Moodring with a filter that buffers and decodes, and with payload logging
as KServe's: processor time, stored bytes, delay, exactness, and text that leaves
the gateway. Writes a page in Markdown. Run it from the checkout's root.

`

func bench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	b := peers.Bench{Progress: func(format string, args ...any) { _, _ = fmt.Fprintf(stderr, format+"\n", args...) }}
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.StringVar(&b.Root, "root", ".", "the checkout's root")
	flags.IntVar(&b.Rounds, "rounds", 5, "rounds of the measurement of processor time")
	flags.IntVar(&b.Slices, "slices", 10, "slices of a round, each with the requests of 15 s and a scrape")
	flags.BoolVar(&b.Faults, "faults", true, "inject the faults, too")
	file := flags.String("o", "", "file to write; empty for the standard output")
	if err := command.ParseAll(flags, args, usage, stdout); err != nil {
		return err
	}
	page, err := measure(ctx, b)
	if err != nil {
		return err
	}
	if *file == "" {
		return page.Write(stdout)
	}
	out, err := os.Create(*file)
	if err != nil {
		return err
	}
	return errors.Join(page.Write(out), out.Close())
}

// measure runs the bench in a new directory, and removes the directory after a run
// without an error.
func measure(ctx context.Context, b peers.Bench) (peers.Report, error) {
	self, selfErr := os.Executable()
	root, rootErr := filepath.Abs(b.Root)
	dir, dirErr := os.MkdirTemp("", "moodring-peers-")
	if err := errors.Join(selfErr, rootErr, dirErr); err != nil {
		return peers.Report{}, err
	}
	b.Self, b.Root, b.Dir = self, root, dir
	envoy, err := gateway.FindEnvoy(root)
	if err != nil {
		return peers.Report{}, err
	}
	environment, err := b.Environment(envoy, version)
	if err != nil {
		return peers.Report{}, err
	}
	result, err := b.Run(ctx)
	if err != nil {
		return peers.Report{}, fmt.Errorf("%w; the logs are in %s", err, dir)
	}
	return peers.Report{Result: result, Command: "make bench-peers", Environment: environment}, os.RemoveAll(dir)
}
