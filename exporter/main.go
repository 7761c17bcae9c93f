// Command exporter scrapes the statistics of Envoy gateways on which Moodring's
// plugin runs, and serves them to Prometheus as labelled metrics.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/moodring/moodring/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs the command in args until ctx ends, and returns the exit code. All
// errors are printed here.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if err := dispatch(ctx, args, stdout, stderr); err != nil {
		return fail(stderr, args, err)
	}
	return cli.Success
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if isAnswered, err := commandLine().Answer(args, stdout); isAnswered {
		return err
	}
	command, flags, err := parseFlags(args, stdout, stderr)
	switch {
	case err != nil || command == "":
		return err
	case command == checkCommand:
		return check(*flags.checkFile, stdout)
	case *flags.dryRunFile != "":
		return dryRun(flags, stdout, stderr)
	}
	return serve(ctx, flags, stderr)
}
