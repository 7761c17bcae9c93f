package main

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/moodring/moodring/internal/memory"
)

// server is a running server with the model "model".
type server struct {
	command *exec.Cmd
	url     string        // of the model, by V1
	ready   time.Duration // from the start until the model was ready
	ended   chan error
}

// start starts a server on a free port, and waits until the model is ready.
func start(command ...string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &server{
		command: exec.Command(command[0], append(command[1:], "--http_port", strconv.Itoa(port))...),
		url:     fmt.Sprintf("http://127.0.0.1:%d/v1/models/model", port),
		ended:   make(chan error, 1),
	}
	started := time.Now()
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.ended <- s.command.Wait()
		close(s.ended)
	}()
	if err := s.wait(); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	s.ready = time.Since(started)
	return s, nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// wait waits until the model is ready.
func (s *server) wait() error {
	for {
		select {
		case err := <-s.ended:
			return fmt.Errorf("the server ended before it was ready: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
		response, err := http.Get(s.url)
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
}

// stop ends the server.
func (s *server) stop() {
	if s.command.Process.Kill() == nil {
		for range s.ended { // waits until the server has ended
		}
	}
}

// memory returns the resident memory now and its peak, in MB.
func (s *server) memory() (now, peak float64, err error) {
	bytes, most, err := memory.Of(s.command.Process.Pid)
	return float64(bytes) / (1 << 20), float64(most) / (1 << 20), err
}
