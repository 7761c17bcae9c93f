// Ratelimit is Envoy's rate limit service, as in envoyproxy/ratelimit's own
// src/service_cmd. Built in this module, it shares the libraries of the local
// stack, so that a cold build compiles them once.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/envoyproxy/ratelimit/src/service_cmd/runner"
	"github.com/envoyproxy/ratelimit/src/settings"

	"github.com/moodring/moodring/internal/cli"
)

const usage = `usage: ratelimit

Runs Envoy's rate limit service. It has no flags: environment variables configure
it, as https://github.com/envoyproxy/ratelimit describes.
`

func main() {
	if len(os.Args) > 1 {
		os.Exit(answer(os.Args[1:], os.Stdout, os.Stderr))
	}
	service := runner.NewRunner(settings.NewSettings())
	service.Run()
}

// answer prints the help, and returns the exit code.
func answer(args []string, stdout, stderr io.Writer) int {
	if args[0] == "-h" || args[0] == "--help" {
		_, _ = io.WriteString(stdout, usage)
		return cli.Success
	}
	_, _ = fmt.Fprintf(stderr, "ratelimit: usage: unexpected %q; see ratelimit -h\n", args[0])
	return cli.Usage
}
