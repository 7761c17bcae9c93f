// Command bench measures the exporter's processor time and memory, the cost of its
// scrapes to Envoy, and compares the exporter with vmagent and Prometheus. All
// programs run on this machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench holds the state that all parts share.
type bench struct {
	root     string // of the repository
	dir      string // temporary
	exporter string // path of the program
	farm     *farm
}

func newBench(ctx context.Context) (*bench, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "moodring-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{root: root, dir: dir, exporter: filepath.Join(dir, "exporter")}
	if b.farm, err = startFarm(); err != nil {
		return nil, err
	}
	return b, b.build(ctx, nil, "-o", b.exporter, "./exporter")
}

// build runs go build in the root. The last argument is the package.
func (b *bench) build(ctx context.Context, env []string, args ...string) error {
	build := exec.CommandContext(ctx, "go", append([]string{"build", "-ldflags", "-s -w"}, args...)...)
	build.Dir = b.root
	build.Env = append(os.Environ(), env...)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s (run this in exporter/bench): %w\n%s", args[len(args)-1], err, out)
	}
	return nil
}

// tool returns the path of a program: $NAME, .tools/bin/name, or from PATH.
func (b *bench) tool(name, advice string) (string, error) {
	if path := os.Getenv(strings.ToUpper(name)); path != "" {
		return path, nil
	}
	path := filepath.Join(b.root, ".tools", "bin", name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("no %s: %s", name, advice)
	}
	return path, nil
}

// report prints a measured value and its goal, which is the largest allowed value.
func report(title string, value, goal float64, unit string) {
	verdict := "ok"
	if value > goal {
		verdict = "MISSED"
	}
	fmt.Printf("  %-58s %10.3f %-12s goal <= %g: %s\n", title, value, unit, goal, verdict)
}

// show prints a measured value without a goal.
func show(title string, value float64, unit string) {
	fmt.Printf("  %-58s %10.3f %s\n", title, value, unit)
}

// part is one of the measurements.
type part struct {
	name string
	run  func(*bench, context.Context) error
}

func parts() []part {
	return []part{
		{"envoy", (*bench).measureEnvoy},
		{"decode", (*bench).measureDecoding},
		{"rivals", (*bench).measureRivals},
		{"scale", (*bench).measureScale},
	}
}

// run runs the named parts, or all.
func run(ctx context.Context, names []string) error {
	if slices.ContainsFunc(names, func(name string) bool { return name == "-h" || name == "--help" }) {
		_, err := fmt.Println("usage: bench [envoy|decode|rivals|scale]...\n\nCompares the exporter with other scrapers. Without names, all parts are measured.")
		return err
	}
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	for _, p := range parts() {
		if len(names) == 0 || slices.Contains(names, p.name) {
			err = errors.Join(err, p.run(b, ctx))
		}
	}
	return errors.Join(err, os.RemoveAll(b.dir))
}
