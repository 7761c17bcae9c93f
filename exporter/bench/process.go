package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/moodring/moodring/internal/cputime"
	"github.com/moodring/moodring/internal/memory"
)

// process is a running program, to be measured.
type process struct {
	name string
	cmd  *exec.Cmd
	log  *os.File
}

// start starts a program until ctx ends. Its output goes to a file in dir.
func start(ctx context.Context, dir string, env []string, path string, args ...string) (*process, error) {
	log, err := os.CreateTemp(dir, filepath.Base(path)+"-*.log")
	if err != nil {
		return nil, err
	}
	p := &process{name: filepath.Base(path), cmd: exec.CommandContext(ctx, path, args...), log: log}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return p, nil
}

// stop ends the program and waits for it.
func (p *process) stop() {
	_ = p.cmd.Cancel()
	_ = p.cmd.Wait() // the exit code of a stopped program does not matter
	_ = p.log.Close()
}

// ready waits until url responds with 200. After a minute it fails with the
// program's log.
func (p *process) ready(ctx context.Context, url string) error {
	limit, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := get(limit, url, nil); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-limit.Done():
			log, err := os.ReadFile(p.log.Name())
			return errors.Join(fmt.Errorf("%s does not answer at %s:\n%s", p.name, url, log), err)
		}
	}
}

// cpu returns the processor time used so far.
func (p *process) cpu() (time.Duration, error) { return cputime.Of(p.cmd.Process.Pid) }

// rss returns the memory in use and its peak, in bytes.
func (p *process) rss() (now, peak int64, err error) { return memory.Of(p.cmd.Process.Pid) }

// get returns the body of a response with status 200.
func get(ctx context.Context, url string, header map[string]string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	for key, value := range header {
		request.Header.Set(key, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	err = errors.Join(err, response.Body.Close())
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return body, err
}

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
