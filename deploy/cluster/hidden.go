package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/moodring/moodring/deploy/cluster/internal/node"
	"github.com/moodring/moodring/deploy/cluster/internal/registry"
	"github.com/moodring/moodring/deploy/cluster/internal/reload"
)

// enter runs a command in the node, with this process's terminal, in its working
// directory. Ctrl-C reaches the command by the terminal.
func (c commands) enter(_ context.Context, running *node.Node) error {
	signal.Ignore(os.Interrupt)
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	command := running.Command(context.Background(), c.args[1], c.args[2:]...)
	command.Dir = folder
	command.Env = append(command.Env, "TERM="+os.Getenv("TERM"))
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = running.Run(command)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitStatus(max(exit.ExitCode(), 1))
	}
	return err
}

// guard waits for the node beside the program: node.Guard.
func (c commands) guard(context.Context) error {
	const lock = 3 // the first of exec.Cmd.ExtraFiles
	syscall.CloseOnExec(lock)
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	folder, err := c.argument()
	if err != nil {
		return err
	}
	return node.Guard(folder, os.Stdin, os.Stderr)
}

// node is the node's first process.
func (c commands) node(context.Context) error {
	folder, err := c.argument()
	if err != nil {
		return err
	}
	return node.Main(folder, os.Stderr)
}

func (c commands) argument() (string, error) {
	if len(c.args) != 2 {
		return "", fmt.Errorf("%w: %s needs a folder; the program calls it by itself", errUsage, c.args[0])
	}
	return c.args[1], nil
}

// probe ends a process that tries the kernel: node.Probe.
func (c commands) probe(context.Context) error { return node.Probe() }

// pause holds the namespaces of a pod until the container runtime ends it, and
// waits for orphans.
func (c commands) pause(context.Context) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGCHLD)
	for s := range signals {
		if s != syscall.SIGCHLD {
			return nil
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
	return nil
}

// registry serves the images of a folder within the cluster.
func (c commands) registry(ctx context.Context) error {
	if len(c.args) < 3 {
		return fmt.Errorf("%w: registry takes FOLDER and any number of IMAGE=REPOSITORY:TAG", errUsage)
	}
	return registry.Serve(ctx, c.args[1], c.args[2:], c.stdout)
}

// reload tells Prometheus that its configuration has changed.
func (c commands) reload(ctx context.Context) error {
	if len(c.args) != 3 {
		return fmt.Errorf("%w: reload FOLDER URL", errUsage)
	}
	return reload.Watch(ctx, c.args[1], c.args[2], c.stdout)
}
