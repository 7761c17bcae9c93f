// Command bench measures what the exporter costs: itself, Envoy, and beside what
// a user would run instead. Everything runs on this machine, in one run.
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

// bench is what the parts share.
type bench struct {
	root     string // of the repository
	dir      string // for files that nobody keeps
	exporter string // the program
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

// build runs go build in the root, whose last argument is what to build.
func (b *bench) build(ctx context.Context, env []string, args ...string) error {
	build := exec.CommandContext(ctx, "go", append([]string{"build", "-ldflags", "-s -w"}, args...)...)
	build.Dir = b.root
	build.Env = append(os.Environ(), env...)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s (run this in exporter/bench): %w\n%s", args[len(args)-1], err, out)
	}
	return nil
}

// tool returns the path of a program: $NAME, or .tools/bin/name, or of PATH.
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

// report prints a figure beside its goal, which is the most it may be.
func report(what string, value, goal float64, unit string) {
	verdict := "ok"
	if value > goal {
		verdict = "MISSED"
	}
	fmt.Printf("  %-58s %10.3f %-12s goal <= %g: %s\n", what, value, unit, goal, verdict)
}

// tell prints a figure that has no goal.
func tell(what string, value float64, unit string) {
	fmt.Printf("  %-58s %10.3f %s\n", what, value, unit)
}

// part is a measurement.
type part struct {
	name string
	run  func(*bench, context.Context) error
}

func parts() []part {
	return []part{
		{"envoy", (*bench).ofEnvoy},
		{"decode", (*bench).ofDecoding},
		{"rivals", (*bench).ofRivals},
		{"scale", (*bench).ofScale},
	}
}

// run measures the parts named, or all.
func run(ctx context.Context, names []string) error {
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
