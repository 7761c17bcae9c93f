// Soak sends traffic through the gateway of the local stack, injects faults, and
// checks after each that no prediction was lost or counted twice.
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
	"strings"
	"syscall"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/command"
	"github.com/moodring/moodring/deploy/local/internal/prometheus"
	"github.com/moodring/moodring/deploy/local/internal/soak"
)

var version = "unknown" // set by the linker

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var err error
	if len(args) > 0 && args[0] == "prometheus" {
		err = prometheus.Main(ctx, args[1:], stdout, stderr)
	} else {
		err = soakCommand(ctx, args, stdout, stderr)
	}
	return command.Exit(err, "soak", "soak -h", stderr)
}

const soakUsage = `soak sends traffic through a real Envoy with the filter, injects faults (programs
killed, networks cut, configurations changed), and compares after each fault the
replies that its clients read with the counts of Envoy, the exporter and
Prometheus. It exits 1 at the first difference. Run it from the checkout's root.

Flags:
`

func soakCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	root := flags.String("root", ".", "the checkout's root")
	duration := flags.Duration("duration", 2*time.Minute, "time after which no further fault is injected")
	seed := flags.Uint64("seed", uint64(time.Now().UnixNano()), "seed of traffic and faults; the time of the start if it is not given")
	only := flags.String("fault", "", "inject this fault alone")
	showVersion := flags.Bool("version", false, "show the version")
	if err := command.ParseAll(flags, args, soakUsage, stdout); err != nil {
		return err
	}
	if *showVersion {
		_, err := fmt.Fprintln(stdout, "soak", version)
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	absolute, err := filepath.Abs(*root)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "moodring-soak-")
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stderr, "seed %d, logs in %s\n", *seed, dir)
	result, err := soak.Soak{
		Root: absolute, Dir: dir, Self: self, Seed: *seed, Duration: *duration, Fault: *only,
		Progress: func(format string, args ...any) { _, _ = fmt.Fprintf(stderr, format+"\n", args...) },
	}.Run(ctx)
	if err != nil {
		return fmt.Errorf("%w; run it again with -seed %d; the logs are in %s", err, *seed, dir)
	}
	return report(result, dir, stdout)
}

// report prints a result. It removes the logs of a run without a difference.
func report(result soak.Result, dir string, stdout io.Writer) error {
	_, err := fmt.Fprintf(stdout, "%d replies with %d predictions in %.0f s, %d faults; %d predictions uncertain\n",
		result.Replies, result.Predictions, result.Seconds, len(result.Faults), result.Uncertain)
	if len(result.Differences) == 0 {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return errors.Join(err, fmt.Errorf("after %q:\n  %s\nrun it again with -seed %d; the logs are in %s",
		result.Faults[len(result.Faults)-1], strings.Join(result.Differences, "\n  "), result.Seed, dir))
}
