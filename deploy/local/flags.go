package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"slices"

	"github.com/moodring/moodring/deploy/local/internal/command"
	"github.com/moodring/moodring/deploy/local/internal/stack"
	"github.com/moodring/moodring/internal/cli"
)

var version string // set by the linker

const usage = `local runs all of Moodring on one machine: model server, Envoy with the filter,
rate limit service, exporter, Prometheus and a preview of the dashboards. Run it
from the checkout's root.

  local up      run until Ctrl-C, with a trickle of traffic; -h for its flags
  local demo    send a corpus, check every count, print a table; exit 0 or 1
  local drift   send a corpus unchanged, then with joy's share doubled: the drift
                alert must fire during the second and not the first; exit 0 or 1
  local completion bash|fish|zsh
  local version

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

const upUsage = `usage: local up [flags]

Runs the stack until Ctrl-C, with one call a second. With --config seed the stack
runs the manifests of the original demo, and makes no calls of its own.

`

// commandNames are the commands, besides those that every program has.
var commandNames = []string{"demo", "drift", "up"}

// commandLine describes local for completion and suggestions.
func commandLine() cli.Program {
	return cli.Program{
		Name: "moodring-local", Version: version, Commands: commandNames,
		Help: func(command string) string {
			var text bytes.Buffer
			args := slices.DeleteFunc([]string{command, "-h"}, func(arg string) bool { return arg == "" })
			_, _ = parse(args, &text) // flag.ErrHelp
			return text.String()
		},
	}
}

// arguments are the command line.
type arguments struct {
	root, runDir string
	command      string
	config       stack.Config // of up
}

// parse reads the command line. If args ask for help, parse prints the help and
// returns flag.ErrHelp.
func parse(args []string, stdout io.Writer) (arguments, error) {
	a := arguments{root: ".", runDir: ".run"}
	before := a.flags("local")
	if err := command.Parse(before, args, usage, stdout); err != nil {
		return a, err
	}
	a.command = before.Arg(0)
	switch {
	case before.NArg() == 0:
		return a, fmt.Errorf("%w: no command: give up, demo or drift", cli.ErrUsage)
	case !slices.Contains(commandNames, a.command):
		return a, fmt.Errorf("%w: unknown command %q", cli.ErrUsage, a.command)
	}
	after, help := a.flags("local "+a.command), "usage: local "+a.command+" [flags]\n\n"
	if a.command == "up" {
		defineConfig(after, &a.config)
		help = upUsage
	}
	if err := command.Parse(after, before.Args()[1:], help, stdout); err != nil {
		return a, err
	}
	if after.NArg() > 0 {
		return a, fmt.Errorf("%w: %s: unexpected %q", cli.ErrUsage, a.command, after.Arg(0))
	}
	return a, nil
}

// flags are the flags that may stand before and after the command.
func (a *arguments) flags(name string) *flag.FlagSet {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.StringVar(&a.root, "root", a.root, "the checkout's root")
	set.StringVar(&a.runDir, "run-dir", a.runDir, "directory for logs, data and up.json, removed after a sound end")
	return set
}

// defineConfig adds the flags that choose the gateway's configuration.
func defineConfig(set *flag.FlagSet, config *stack.Config) {
	oneOf(set, "config", "moodring", "seed", "manifests to run: `moodring`, or seed for the original demo's", &config.IsSeed)
	oneOf(set, "policy", "on", "off", "authorization policy: `on` or off; the original demo deletes it after its first steps", &config.IsOpen)
	oneOf(set, "rate-limits", "on", "off", "rate limits: `on` or off; the original demo deletes them before it adds its plugin", &config.HasNoLimits)
}

// oneOf adds a flag with two values. The second sets isSecond.
func oneOf(set *flag.FlagSet, name, first, second, help string, isSecond *bool) {
	set.Func(name, help, func(value string) error {
		if value != first && value != second {
			return fmt.Errorf("give %s or %s", first, second)
		}
		*isSecond = value == second
		return nil
	})
}
