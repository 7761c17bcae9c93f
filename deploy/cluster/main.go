// Cluster runs a Kubernetes of one node on this machine, with Istio, Knative and
// KServe, without a container engine and without a registry. Its programs are built
// from Go modules.
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
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/moodring/moodring/deploy/cluster/internal/cluster"
	"github.com/moodring/moodring/deploy/cluster/internal/forward"
	"github.com/moodring/moodring/deploy/cluster/internal/node"
)

const usage = `cluster runs a Kubernetes of one node on this machine, with Istio, Knative and
KServe, in namespaces of its own. It needs root. Run it from the checkout's root.

  cluster up            run until Ctrl-C
  cluster test [NAME]   bring up a cluster, run the commands of docs/walkthrough.md
                        and of deploy/cluster/suites/*.md on it, compare what they
                        print, and end it
  cluster run NAME...   run the commands of such pages on a cluster that is up
  cluster exec CMD...   run a command in the node, such as kubectl get pods, or bash
  cluster down          end a cluster that another terminal runs, or has left
  cluster check         say whether this machine can run a cluster
  cluster build         build the programs and images, and start nothing

The first up or build compiles Kubernetes, Istio, Knative, KServe, Prometheus and Kiali,
which takes half an hour on two cores. The programs stay in .tools/cluster.

Flags:
`

// The threads that enter the node end when their work is done. The main thread must
// never be one of them, because the others take it for the process.
func init() { runtime.LockOSThread() }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

var errUsage = errors.New("usage")

// exitStatus is the status of a command that exec has run.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdout, stderr)
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, errUsage):
		_, _ = fmt.Fprintf(stderr, "cluster: %v; see cluster -h\n", err)
		return 2
	}
	_, _ = fmt.Fprintln(stderr, "cluster:", err)
	return 1
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	root := flags.String("root", ".", "the checkout's root")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp) || asksForHelp(flags.Args()):
		_, err = fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	absolute, err := filepath.Abs(*root)
	if err != nil {
		return err
	}
	c := commands{root: absolute, args: flags.Args(), stdout: stdout, stderr: stderr, started: time.Now()}
	if len(c.args) == 0 {
		return fmt.Errorf("%w: no command: give up, test, run, exec, down, check or build", errUsage)
	}
	command, known := map[string]func(commands, context.Context) error{
		"up": commands.up, "test": commands.test, "run": commands.run, "exec": commands.exec, "down": commands.down,
		"check": commands.check, "build": commands.build,
		// The processes that the program starts of itself.
		"guard": commands.guard, "node": commands.node, "probe": commands.probe, "pause": commands.pause, "registry": commands.registry,
		"reload": commands.reload,
	}[c.args[0]]
	if !known {
		return fmt.Errorf("%w: unknown command %q: give up, test, run, exec, down, check or build", errUsage, c.args[0])
	}
	if slices.Contains([]string{"up", "down", "check", "build"}, c.args[0]) && len(c.args) > 1 {
		return fmt.Errorf("%w: %s: unexpected %q; flags stand before the command", errUsage, c.args[0], c.args[1])
	}
	return command(c, ctx)
}

// asksForHelp reports whether -h is the first word after the command.
func asksForHelp(args []string) bool {
	return len(args) > 1 && slices.Contains([]string{"-h", "-help", "--help"}, args[1])
}

// commands holds the settings that all commands share.
type commands struct {
	root           string
	args           []string
	stdout, stderr io.Writer
	started        time.Time
}

// progress prints a line with the seconds since the program's start.
func (c commands) progress(format string, args ...any) {
	_, _ = fmt.Fprintf(c.stderr, "%6.1f s  %s\n", time.Since(c.started).Seconds(), fmt.Sprintf(format, args...))
}

// up runs a cluster with the demo until ctx is done or the node ends.
func (c commands) up(ctx context.Context) error {
	running, err := cluster.Up(ctx, cluster.Options{Root: c.root, Progress: c.progress})
	if err != nil {
		return ignoreInterrupt(ctx, err)
	}
	if err := errors.Join(running.Demo(ctx), c.printAddresses(ctx, running)); err != nil {
		return errors.Join(ignoreInterrupt(ctx, err), running.Node.Stop())
	}
	select {
	case <-ctx.Done():
		c.progress("stopping")
		return running.Node.Stop()
	case <-running.Node.Ended():
		return errors.Join(running.Node.Err(), running.Node.Stop())
	}
}

// ignoreInterrupt returns nil if the user interrupted the start, else err.
func ignoreInterrupt(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// printAddresses makes the cluster's pages reachable from this machine, and prints
// where they are.
func (c commands) printAddresses(ctx context.Context, running *cluster.Cluster) error {
	for _, service := range []struct {
		title, name string
		port, local int
		path        string
	}{
		{"gateway", "istio-ingressgateway", 80, 8080, ""},
		{"prometheus", "prometheus", 9090, 9090, ""},
		{"dashboards", "grafana", 3000, 3000, ""},
		{"kiali", "kiali", 20001, 20001, "/kiali"},
	} {
		inside, err := running.Address(ctx, "istio-system", service.name, service.port)
		if err != nil {
			return err
		}
		at, err := forward.Listen(ctx, running.Node, service.local, inside)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(c.stdout, "%-11s http://%s%s\n", service.title, at, service.path)
	}
	_, err := io.WriteString(c.stdout, `
  bin/cluster exec kubectl get pods -A
  bin/cluster exec istioctl analyze -A
  bin/cluster exec bash      # a shell in the node, for docs/walkthrough.md

Ctrl-C ends the cluster.
`)
	return err
}

func (c commands) exec(ctx context.Context) error {
	if len(c.args) < 2 {
		return fmt.Errorf("%w: exec needs a command, such as kubectl get pods", errUsage)
	}
	running, err := node.Find(cluster.Folder(c.root))
	if err != nil {
		return err
	}
	return c.enter(ctx, running)
}

func (c commands) down(ctx context.Context) error {
	wasUp, err := node.Remove(ctx, cluster.Folder(c.root))
	if err == nil && !wasUp {
		_, err = fmt.Fprintln(c.stderr, "no cluster is up")
	}
	return err
}

// check returns an error if this machine cannot run a cluster.
func (c commands) check(context.Context) error {
	var s node.Settings
	if err := s.Check(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.stdout, "this machine can run a cluster")
	return err
}

// build builds all programs and images.
func (c commands) build(ctx context.Context) error {
	return ignoreInterrupt(ctx, cluster.Build(ctx, cluster.Options{Root: c.root, Progress: c.progress}))
}
