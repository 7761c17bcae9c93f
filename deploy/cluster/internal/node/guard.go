package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// identity names the node's first process. The kernel may give the number of an ended
// process to a new process, but not its start time.
type identity struct {
	PID     int    `json:"pid"`
	Started string `json:"started"` // field 22 of /proc/PID/stat
}

// Guard is the main function of a process beside the node. It starts the node. After
// the end of the node, or of the program at the other end of stdin, it removes the
// node's cgroups and files.
func Guard(folder string, stdin io.Reader, stderr *os.File) error {
	s, err := load(folder)
	if err != nil {
		return err
	}
	// Pdeathsig watches a thread: the kernel kills the node when this thread ends
	// (golang/go#27505).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := makeCgroups(s.cgroup()); err != nil {
		return errors.Join(err, s.Clean())
	}
	first, err := s.startFirst(stderr)
	if err != nil {
		return errors.Join(err, s.Clean())
	}
	go func() {
		_, _ = io.Copy(io.Discard, stdin) // returns when the other end is closed
		_ = first.Process.Kill()          // fails if the node has ended
	}()
	ended := first.Wait()
	if err := s.Clean(); err != nil {
		return err
	}
	var exit *exec.ExitError
	if errors.As(ended, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		return nil // a kill is the usual end
	}
	return ended
}

// startFirst starts the node's first process in namespaces of its own.
func (s Settings) startFirst(stderr *os.File) (*exec.Cmd, error) {
	first := exec.Command("/proc/self/exe", "node", s.Folder)
	first.Env, first.Stdout, first.Stderr = s.environment(), stderr, stderr
	first.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	if err := first.Start(); err != nil {
		return nil, fmt.Errorf("starting the node: %w", err)
	}
	started, err := startTime(first.Process.Pid)
	if err != nil {
		return nil, errors.Join(err, first.Process.Kill())
	}
	text, err := json.Marshal(identity{first.Process.Pid, started})
	if err == nil {
		err = writeAtOnce(s.file("node.json"), text)
	}
	if err != nil {
		return nil, errors.Join(err, first.Process.Kill())
	}
	return first, nil
}

// writeAtOnce writes a file so that no reader sees a part of the text.
func writeAtOnce(name string, text []byte) error {
	if err := os.WriteFile(name+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// Clean removes the cgroups and the files of an ended node.
func (s Settings) Clean() error {
	return errors.Join(removeCgroups(s.cgroup()), removeState(s.Folder))
}

// removeState removes the node's files.
func removeState(folder string) error {
	err := os.RemoveAll(folder)
	if err != nil {
		return fmt.Errorf("removing the node's files: %w", err)
	}
	return nil
}

// startTime returns the time when a process started, in ticks since the machine
// started: proc_pid_stat(5), field 22.
func startTime(pid int) (string, error) {
	text, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(pid), "stat"))
	if err != nil {
		return "", err
	}
	return fieldAfterName(string(text), 22)
}
