package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/document"
	"github.com/moodring/moodring/dashgen/internal/grafana"
)

const help = `dashgen writes Moodring's Grafana dashboards, and checks them.

usage:
  dashgen > grafana-dashboard.json        print the overview
  dashgen generate DIR                    write all dashboards into DIR
  dashgen metrics > docs/metrics.md       print the document of all metrics
  dashgen verify --prometheus URL         ask a live Prometheus each query;
                                          -h for its flags
  dashgen -h | --version

Import a dashboard in Grafana under Dashboards, New, Import; it asks for no
data source, and has a variable to choose one.

exit status: 0 done; 1 something failed, or a query of verify has no sound
answer; 2 usage
`

// errUsage marks what the caller must write differently.
var errUsage = errors.New("usage")

// run is the program: it returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	err := command(args, stdout)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return complain(stderr, fmt.Errorf("%w; see dashgen -h", err), 2)
	}
	return complain(stderr, err, 1)
}

// complain prints err; when that fails too, there is only the status left.
func complain(stderr io.Writer, err error, status int) int {
	_, _ = fmt.Fprintf(stderr, "dashgen: %v\n", err)
	return status
}

func command(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return printDashboard(stdout)
	}
	name, rest := args[0], args[1:]
	switch name {
	case "-h", "-help", "--help", "help":
		return write(stdout, help)
	case "-version", "--version":
		return write(stdout, versionLine())
	case "verify":
		return verifyCommand(rest, stdout)
	case "generate":
		return generate(rest)
	case "metrics":
		return metrics(rest, stdout)
	}
	return fmt.Errorf("%w: unknown command %q", errUsage, name)
}

func write(out io.Writer, text string) error {
	_, err := io.WriteString(out, text)
	return err
}

func versionLine() string {
	number := version
	if info, ok := debug.ReadBuildInfo(); ok && number == "" {
		number = info.Main.Version
	}
	return fmt.Sprintf("dashgen %s, %s\n", number, runtime.Version())
}

func printDashboard(stdout io.Writer) error {
	text, err := grafana.Marshal(board.Overview())
	if err != nil {
		return err
	}
	return write(stdout, string(text))
}

func generate(args []string) error {
	if len(args) != 1 || strings.HasPrefix(args[0], "-") {
		return fmt.Errorf("%w: generate takes one directory", errUsage)
	}
	all := board.All()
	if err := all.Validate(); err != nil {
		return err
	}
	if err := os.MkdirAll(args[0], 0o755); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	for _, b := range all.Boards {
		text, err := grafana.Marshal(b)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(args[0], b.File+".json"), text, 0o644); err != nil {
			return fmt.Errorf("generate: %w", err)
		}
	}
	return nil
}

func metrics(args []string, stdout io.Writer) error {
	if len(args) != 0 {
		return fmt.Errorf("%w: metrics takes no arguments", errUsage)
	}
	return write(stdout, document.Metrics(board.All()))
}
