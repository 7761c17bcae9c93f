package node

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// Command returns a command for Run and Start. It finds the node's own programs, such
// as kubectl.
func (n *Node) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, args...)
	if found, err := lookPath(name, n.settings.Path); err == nil {
		command.Path, command.Err = found, nil
	}
	command.Env = n.settings.environment()
	return command
}

// Start starts a command in the node's namespaces. The returned function waits for
// the command's end.
func (n *Node) Start(command *exec.Cmd) (wait func() error, err error) {
	started := make(chan error)
	ended := make(chan error, 1)
	go func() {
		// No other goroutine may use a thread in the node. Without an unlock the thread
		// ends with this goroutine.
		runtime.LockOSThread()
		err := n.enter(unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC)
		if err == nil {
			err = command.Start()
		}
		started <- err
		if err == nil {
			ended <- command.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return func() error { return <-ended }, nil
}

// Run runs a command in the node's namespaces.
func (n *Node) Run(command *exec.Cmd) error {
	wait, err := n.Start(command)
	if err != nil {
		return err
	}
	return wait()
}

// Dial connects to an address within the node's network.
func (n *Node) Dial(ctx context.Context, address string) (net.Conn, error) {
	type result struct {
		connection net.Conn
		err        error
	}
	dialed := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // as in Start
		if err := n.enter(unix.CLONE_NEWNET); err != nil {
			dialed <- result{nil, err}
			return
		}
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		dialed <- result{connection, err}
	}()
	r := <-dialed
	return r.connection, r.err
}

// enter moves the calling thread into namespaces of the node.
func (n *Node) enter(namespaces int) error {
	first, err := unix.PidfdOpen(n.pid, 0)
	if err != nil {
		return ErrNone
	}
	defer func() { _ = unix.Close(first) }()
	// A thread cannot change mounts while it shares its working directory with other threads.
	if namespaces&unix.CLONE_NEWNS != 0 {
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return fmt.Errorf("entering the node: %w", err)
		}
	}
	if err := unix.Setns(first, namespaces); err != nil {
		return fmt.Errorf("entering the node: %w", err)
	}
	return nil
}
