// Package process starts the programs of the local stack. A program never outlives
// the process that started it.
package process

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/moodring/moodring/internal/cputime"
)

const (
	readyEvery = 50 * time.Millisecond
	readyLimit = 90 * time.Second
	stopLimit  = 10 * time.Second
	tailBytes  = 2000
)

// Program is a command line and its files.
type Program struct {
	Name  string
	Path  string
	Args  []string
	Env   []string // in addition to this process's environment
	Ready string   // URL that returns 200 once the program serves
	Log   string   // file for stdout and stderr
}

// Process is a started program.
type Process struct {
	program Program
	command *exec.Cmd
	ended   chan struct{} // closed when the process has ended
	err     error         // the result of Wait, set before ended is closed
}

// Start runs the program and returns when the program is ready. The error contains
// the end of the program's log.
func Start(ctx context.Context, program Program) (*Process, error) {
	if err := os.MkdirAll(filepath.Dir(program.Log), 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(program.Log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(program.Path, program.Args...)
	command.Env = append(os.Environ(), program.Env...)
	command.Stdout, command.Stderr = log, log
	// A process group of its own keeps Ctrl-C from the program: this process
	// receives it, and stops all programs in order. Pdeathsig kills the program if
	// this process dies.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &Process{program: program, command: command, ended: make(chan struct{})}
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("%s did not start: %w", program.Name, err)
	}
	if err := p.awaitReady(ctx); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// start forks on a thread that lives as long as the child, because the kernel sends
// Pdeathsig when the forking thread ends, not the process (golang/go#27505).
func (p *Process) start() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.command.Start()
		started <- err
		if err == nil {
			p.err = p.command.Wait()
			close(p.ended)
		}
	}()
	return <-started
}

func (p *Process) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		if isReady(ctx, p.program.Ready) {
			return nil
		}
		select {
		case <-p.ended:
			return p.Err()
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready: %w; its log, %s, ends:\n%s", p.program.Name, context.Cause(ctx), p.program.Log, p.logTail())
		case <-tick.C:
		}
	}
}

func isReady(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// Ended returns a channel that is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err describes the end of a process that has ended, with the end of its log.
func (p *Process) Err() error {
	return fmt.Errorf("%s ended (%v); its log, %s, ends:\n%s", p.program.Name, p.command.ProcessState, p.program.Log, p.logTail())
}

// Stop sends SIGTERM to the process group, and SIGKILL to the processes that are
// left after stopLimit. It returns when the process has ended.
func (p *Process) Stop() {
	group := -p.command.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM) // fails if the group has ended
	select {
	case <-p.ended:
	case <-time.After(stopLimit):
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-p.ended
}

// Kill sends SIGKILL to the process group and returns when the process has ended.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL) // fails if the group has ended
	<-p.ended
}

// CPU returns the processor time that the process has used.
func (p *Process) CPU() (time.Duration, error) { return cputime.Of(p.command.Process.Pid) }

// Signal sends a signal to the process.
func (p *Process) Signal(signal os.Signal) error { return p.command.Process.Signal(signal) }

// LimitFiles limits the size to which the process can write a file, in bytes.
func (p *Process) LimitFiles(bytes uint64) error {
	limit := unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}
	return os.NewSyscallError("prlimit", unix.Prlimit(p.command.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil))
}

func (p *Process) logTail() []byte {
	log, err := os.ReadFile(p.program.Log)
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(log[max(0, len(log)-tailBytes):])
}
