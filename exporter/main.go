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

// run does what args say until ctx ends, and returns the exit code: 1 when it
// cannot, 2 when args are wrong. It is the one place that prints errors.
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
