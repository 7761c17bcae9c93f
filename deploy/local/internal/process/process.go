// Package process starts the stack's programs and sees to it that none
// outlives the runner.
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
)

const (
	readyEvery = 50 * time.Millisecond
	readyLimit = 90 * time.Second
	stopLimit  = 10 * time.Second
	tailBytes  = 2000
)

// Program is one to run.
type Program struct {
	Name  string
	Path  string
	Args  []string
	Env   []string // on top of the runner's own
	Ready string   // URL that answers 200 once the program serves
	Log   string   // file that its output goes to
}

// Process is a program that runs.
type Process struct {
	program Program
	command *exec.Cmd
	over    chan struct{} // closed when it has ended
	err     error         // how it ended; readable once over is closed
}

// Start runs the program and returns when it is ready. The error has the end
// of the program's log.
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
	// Its own process group, so that Ctrl-C reaches the runner alone, which then
	// stops everything in order; and dead if the runner is.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &Process{program: program, command: command, over: make(chan struct{})}
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("%s did not start: %w", program.Name, err)
	}
	if err := p.awaitReady(ctx); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// start forks on a thread that lives as long as the child: the kernel sends
// Pdeathsig when the thread that forked ends, not the process (golang/go#27505).
func (p *Process) start() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.command.Start()
		started <- err
		if err == nil {
			p.err = p.command.Wait()
			close(p.over)
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
		case <-p.over:
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

// Over is closed when the process has ended, whoever ended it.
func (p *Process) Over() <-chan struct{} { return p.over }

// Err says how a process that is over ended.
func (p *Process) Err() error {
	return fmt.Errorf("%s ended (%v); its log, %s, ends:\n%s", p.program.Name, p.command.ProcessState, p.program.Log, p.logTail())
}

// Stop asks the process to end, and ends it and all it started when it does
// not. It returns when the process is gone.
func (p *Process) Stop() {
	group := -p.command.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM) // it may be gone already
	select {
	case <-p.over:
	case <-time.After(stopLimit):
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-p.over
}

func (p *Process) logTail() []byte {
	log, err := os.ReadFile(p.program.Log)
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(log[max(0, len(log)-tailBytes):])
}
