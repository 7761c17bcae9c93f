package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/moodring/moodring/internal/cputime"
	"github.com/moodring/moodring/internal/memory"
)

// A filter is the Wasm filter of one listener.
type filter struct {
	Name    string
	Wasm    string // the file; empty for no filter
	Config  string
	counter string // of joy in Envoy's /stats; empty if the filter does not count
}

// An envoy is a running Envoy with a listener for each filter. All listeners
// route to the same model server.
type envoy struct {
	command *exec.Cmd
	ended   chan struct{} // closed when the process has ended
	admin   string
	clients map[string]*client // by the name of the filter
}

//go:embed envoy.json.tmpl
var bootstrap string

// A setup describes an Envoy, its clients and its model server.
type setup struct {
	workers     int
	connections int // from the client to each listener
	filters     []filter
	replies     [][]byte // of the model server, in turn
}

// run starts an Envoy, calls use, and stops the Envoy.
func (s setup) run(binary string, use func(*envoy) error) (err error) {
	model, err := startUpstream(s.replies)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.listener.Close()) }()
	dir, err := os.MkdirTemp("", "moodring-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	e := &envoy{ended: make(chan struct{}), clients: map[string]*client{}}
	if err := e.start(binary, dir, s, model.port()); err != nil {
		return err
	}
	defer e.kill()
	if err := e.waitUntilReady(filepath.Join(dir, "admin")); err != nil {
		return err
	}
	if err := e.connect(s.connections); err != nil {
		return err
	}
	return use(e)
}

func (e *envoy) start(binary, dir string, s setup, modelPort int) error {
	config := filepath.Join(dir, "envoy.json")
	if err := writeBootstrap(config, modelPort, s.filters); err != nil {
		return err
	}
	e.command = exec.Command(binary, "-c", config, "--admin-address-path", filepath.Join(dir, "admin"),
		"--concurrency", strconv.Itoa(s.workers), "--use-dynamic-base-id", "--log-level", "error")
	e.command.Stderr = os.Stderr
	e.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := e.command.Start(); err != nil {
		return err
	}
	go func() {
		defer close(e.ended)
		_ = e.command.Wait() // the log says why, unless kill was called
	}()
	return nil
}

func (e *envoy) kill() {
	_ = e.command.Process.Kill() // it may have ended
	<-e.ended
}

func writeBootstrap(path string, modelPort int, filters []filter) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	err = template.Must(template.New("").Parse(bootstrap)).Execute(file, struct {
		Filters   []filter
		ModelPort int
	}{filters, modelPort})
	return errors.Join(err, file.Close())
}

// waitUntilReady waits up to two minutes, because Envoy compiles the filters
// first.
func (e *envoy) waitUntilReady(adminFile string) error {
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		select {
		case <-e.ended:
			return errors.New("no ready Envoy: it has ended; see its log above")
		case <-time.After(50 * time.Millisecond):
		}
		address, err := os.ReadFile(adminFile)
		if err != nil {
			continue // not written yet
		}
		e.admin = "http://" + string(address)
		if state, err := e.get("/ready"); err == nil && strings.TrimSpace(state) == "LIVE" {
			return nil
		}
	}
	return errors.New("no ready Envoy within two minutes; see its log above")
}

func (e *envoy) connect(connections int) error {
	page, err := e.get("/listeners?format=json")
	if err != nil {
		return err
	}
	var listeners struct {
		Statuses []struct {
			Name    string
			Address struct {
				Socket struct {
					Address string
					Port    int `json:"port_value"`
				} `json:"socket_address"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	if err := json.Unmarshal([]byte(page), &listeners); err != nil {
		return fmt.Errorf("/listeners of Envoy: %w", err)
	}
	for _, listener := range listeners.Statuses {
		socket := listener.Address.Socket
		if e.clients[listener.Name], err = dial(fmt.Sprintf("%s:%d", socket.Address, socket.Port), connections); err != nil {
			return err
		}
	}
	return nil
}

func (e *envoy) get(path string) (string, error) {
	response, err := http.Get(e.admin + path)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(response.Body)
	return string(body), errors.Join(err, response.Body.Close())
}

// cpu returns the CPU time of all threads of Envoy.
func (e *envoy) cpu() (time.Duration, error) { return cputime.Of(e.command.Process.Pid) }

// rss returns the resident memory of Envoy in bytes.
func (e *envoy) rss() (float64, error) {
	now, _, err := memory.Of(e.command.Process.Pid)
	return float64(now), err
}

// checkCounters compares the counter of each filter with the number of
// predictions sent through the filter.
func (e *envoy) checkCounters(filters []filter, predictions int) error {
	page, err := e.get("/stats?usedonly&filter=^wasmcustom")
	if err != nil {
		return err
	}
	for _, f := range filters {
		line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta("wasmcustom."+f.counter) + `: (\d+)$`).FindStringSubmatch(page)
		if f.counter != "" && (line == nil || line[1] != strconv.Itoa(predictions)) {
			return fmt.Errorf("%s did not count %d predictions in %s: %q", f.Name, predictions, f.counter, line)
		}
	}
	return nil
}
