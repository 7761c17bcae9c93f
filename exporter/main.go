// Command exporter scrapes the statistics of Envoy gateways on which Moodring's
// plugin runs, and serves them to Prometheus as labelled metrics.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs the command in args until ctx ends. It returns the exit code: 1 for a
// failure, 2 for wrong args. All errors are printed here.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command, flags, err := parseFlags(args, stdout, stderr)
	switch {
	case err != nil:
		return fail(stderr, exitUsage, err)
	case command == "":
		return 0
	case command == checkCommand:
		err = check(*flags.checkFile, stdout)
	case *flags.dryRunFile != "":
		err = dryRun(flags, stdout, stderr)
	default:
		err = serve(ctx, flags, stderr)
	}
	if err != nil {
		return fail(stderr, exitFailure, err)
	}
	return 0
}
