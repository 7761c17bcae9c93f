package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/moodring/moodring/dashgen/internal/docs"
	"github.com/moodring/moodring/dashgen/internal/prom"
	"github.com/moodring/moodring/internal/cli"
)

const help = `dashgen writes Moodring's Grafana dashboards, and checks them.

usage:
  dashgen > grafana-dashboard.json        print the overview
  dashgen generate DIR                    write all dashboards, rules and
                                          Kubernetes objects into DIR; -h for
                                          other titles, limits and labels
  dashgen metrics > docs/metrics.md       print the document of all metrics
  dashgen alerts > docs/alerts.md         print the runbooks of all alerts
  dashgen rules > rules.yaml              print the Prometheus rules; -h for
                                          other windows, limits and labels
  dashgen baseline --prometheus URL --model NAME --from 7d > baseline.yaml
                                          record the distribution of a model's
                                          labels, for the drift alerts; -h for
                                          other sources
  dashgen report --prometheus URL --model NAME > report.html
                                          one HTML file about a model's
                                          predictions in a period, to send
  dashgen verify --prometheus URL         run each query on a live Prometheus;
                                          -h for its flags
  dashgen lint FILE...                    find problems in Grafana dashboards;
                                          -h for its flags
  dashgen discover --metrics URL > board.json
                                          propose a dashboard for any metrics,
                                          of an exporter or a Prometheus
  dashgen push --grafana URL              save the dashboards to a Grafana;
  dashgen diff --grafana URL              show how Grafana's dashboards differ;
  dashgen pull --grafana URL DIR          fetch the dashboards of a Grafana;
                                          -h for their flags
  dashgen preview --prometheus URL        serve the dashboards in a browser,
                                          without a Grafana; -h for its flags
  dashgen render --prometheus URL -o FILE.png
                                          draw a dashboard into a file, or one
                                          panel; -h for its flags
  dashgen completion bash|fish|zsh        complete commands and flags in a shell
  dashgen version
  dashgen -h

To import a dashboard in Grafana, choose Dashboards, New, Import. The dashboard
has a variable that chooses the data source.

Exit codes: 0 success; 1 a failure, a problem found by lint, an unsound query
found by verify, or a difference found by diff; 2 a wrong command line.
`

// errUsage marks errors in the arguments.
var errUsage = cli.ErrUsage

// run runs dashgen and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	return program{stdout, prom.Deadline}.run(args, stderr)
}

// program is one call of dashgen.
type program struct {
	stdout   io.Writer
	deadline time.Duration // of each request to Prometheus, an exporter or Grafana
}

func (p program) run(args []string, stderr io.Writer) int {
	err := p.command(args)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return cli.Success
	case errors.Is(err, errUsage):
		return printError(stderr, fmt.Errorf("%w%s; see %s", err, commandLine().Suggestion(args), helpFor(args)), cli.Usage)
	}
	return printError(stderr, err, cli.Failure)
}

// commandLine describes dashgen for completion and suggestions.
func commandLine() cli.Program {
	return cli.Program{
		Name: "moodring-dashgen", Version: version,
		Commands: slices.Collect(maps.Keys(commands())),
		Help: func(command string) string {
			var text strings.Builder
			args := slices.DeleteFunc([]string{command, "-h"}, func(arg string) bool { return arg == "" })
			_ = program{stdout: &text}.command(args) // flag.ErrHelp
			return text.String()
		},
	}
}

// printError prints err and returns the status. If printing fails, only the
// status is left.
func printError(stderr io.Writer, err error, status int) int {
	_, _ = fmt.Fprintf(stderr, "dashgen: %s\n", printable(err.Error()))
	return status
}

// commands returns all commands by name.
func commands() map[string]func(program, []string) error {
	return map[string]func(program, []string) error{
		"alerts":   docsCommand("alerts", "Prints the runbooks of all alerts, as Markdown.", docs.Alerts),
		"baseline": baselineCommand,
		"diff":     diffCommand,
		"discover": discoverCommand,
		"generate": generateCommand,
		"lint":     lintCommand,
		"metrics":  docsCommand("metrics", "Prints the document of all metrics, as Markdown.", docs.Metrics),
		"preview":  previewCommand,
		"pull":     pullCommand,
		"push":     pushCommand,
		"render":   renderCommand,
		"report":   reportCommand,
		"rules":    rulesCommand,
		"verify":   verifyCommand,
	}
}

func (p program) command(args []string) error {
	if len(args) == 0 {
		return overviewCommand(p)
	}
	if isAnswered, err := commandLine().Answer(args, p.stdout); isAnswered {
		return err
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		return writeText(p.stdout, help)
	}
	if do, ok := commands()[args[0]]; ok {
		return do(p, args[1:])
	}
	return fmt.Errorf("%w: unknown command %q", errUsage, args[0])
}

// helpFor returns the command line that prints the help on args.
func helpFor(args []string) string {
	if _, ok := commands()[args[0]]; ok || args[0] == "completion" {
		return "dashgen " + args[0] + " -h"
	}
	return "dashgen -h"
}
