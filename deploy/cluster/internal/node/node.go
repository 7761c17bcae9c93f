package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrNone is the error of Find if no node runs.
var ErrNone = errors.New("no cluster is up; `make cluster` starts one")

// Node is a running node.
type Node struct {
	settings Settings
	pid      int // of the node's first process

	// Only for a node of this process:
	hold  *os.File // the guard ends the node when the file is closed
	lock  *os.File
	ended chan struct{}
	err   error // set before ended is closed
}

const startLimit = 3 * time.Minute

// Start starts a node, and returns when its API server answers, or with OnlyContainerd
// when containerd does. The node ends with this process.
func Start(ctx context.Context, s Settings) (*Node, error) {
	lock, err := takeLock(s.Folder)
	if err != nil {
		return nil, err
	}
	n := &Node{settings: s, lock: lock, ended: make(chan struct{})}
	if err := errors.Join(s.Clean(), s.save(), s.write()); err != nil {
		return nil, errors.Join(err, s.Clean(), lock.Close())
	}
	if err := n.startGuard(); err != nil {
		return nil, errors.Join(err, s.Clean(), lock.Close())
	}
	if err := n.awaitStart(ctx); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// takeLock locks the node's folder for a single node.
func takeLock(folder string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(folder+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, errors.New("a cluster of this checkout is up already; `bin/cluster down` ends it")
	}
	return lock, nil
}

// startGuard starts the process that outlives this one and cleans up.
func (n *Node) startGuard() error {
	end, hold, err := os.Pipe()
	if err != nil {
		return err
	}
	defer end.Close()
	log, err := os.Create(n.settings.log("node"))
	if err != nil {
		return err
	}
	defer log.Close()
	guard := exec.Command("/proc/self/exe", "guard", n.settings.Folder)
	guard.Stdin, guard.Stderr, guard.ExtraFiles = end, log, []*os.File{n.lock}
	guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C must not reach the guard
	if err := guard.Start(); err != nil {
		return errors.Join(err, hold.Close())
	}
	n.hold = hold
	go func() {
		err := guard.Wait()
		text, _ := os.ReadFile(n.settings.log("node")) // missing text makes a shorter message
		if err != nil || len(text) > 0 {
			n.err = errors.New(strings.TrimSpace("the node ended: " + string(text)))
		}
		close(n.ended)
	}()
	return nil
}

// awaitStart returns when the node's first process has written its file started.
func (n *Node) awaitStart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		if n.hasStarted() {
			return nil
		}
		select {
		case <-n.ended:
			return n.Err()
		case <-ctx.Done():
			return fmt.Errorf("starting the node: %w; logs are in %s", context.Cause(ctx), n.settings.Logs)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (n *Node) hasStarted() bool {
	if n.pid == 0 {
		found, err := Find(n.settings.Folder)
		if err != nil {
			return false
		}
		n.pid = found.pid
	}
	_, err := os.Stat(n.settings.file("started"))
	return err == nil
}

// Find returns the node with the state in folder, also a node of another process.
func Find(folder string) (*Node, error) {
	text, err := os.ReadFile(filepath.Join(folder, "node.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	var first identity
	if err := json.Unmarshal(text, &first); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, "node.json"), err)
	}
	if started, err := startTime(first.PID); err != nil || started != first.Started {
		return nil, ErrNone
	}
	s, err := load(folder)
	return &Node{settings: s, pid: first.PID}, err
}

// Ended returns a channel that is closed when the node has ended.
func (n *Node) Ended() <-chan struct{} { return n.ended }

// Err says why a node has ended.
func (n *Node) Err() error {
	if n.err == nil {
		return errors.New("the node was ended by another program")
	}
	return n.err
}

// Stop ends a node that this process has started, and returns when nothing of it is
// left.
func (n *Node) Stop() error {
	if err := n.hold.Close(); err != nil {
		return err
	}
	<-n.ended
	// The guard has cleaned up, unless it was killed.
	return errors.Join(n.settings.Clean(), n.lock.Close())
}

// Remove ends the node whose state is in folder and removes its traces,
// also if its guard was killed. It reports whether a node was running.
func Remove(ctx context.Context, folder string) (bool, error) {
	running, err := Find(folder)
	wasUp := err == nil
	if wasUp {
		if err := unix.Kill(running.pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
			return wasUp, err
		}
	}
	// The lock is free when the guard is gone and the program that started the node, too.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		lock, err := takeLock(folder)
		if err == nil {
			return wasUp, errors.Join(Settings{Folder: folder}.Clean(), lock.Close())
		}
		select {
		case <-ctx.Done():
			return wasUp, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// fieldAfterName returns a field of /proc/PID/stat, counted from 1. The second
// field, the program's name in parentheses, may itself contain spaces.
func fieldAfterName(stat string, number int) (string, error) {
	const first = 3 // the field after the name
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if at := number - first; at >= 0 && at < len(fields) {
		return fields[at], nil
	}
	return "", fmt.Errorf("/proc/PID/stat has no field %d", number)
}
