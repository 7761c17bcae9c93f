package process

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func readyServer(t *testing.T, status int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(server.Close)
	return server.URL
}

func shell(t *testing.T, script, ready string) Program {
	t.Helper()
	return Program{
		Name: "sleeper", Path: "/bin/sh", Args: []string{"-c", script},
		Ready: ready, Log: filepath.Join(t.TempDir(), "log", "sleeper.log"),
	}
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	// The shell and both children hold the pipe open. The reader sees the end of the
	// pipe only after all three have ended.
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	script := `exec 3>` + pipe + `; sleep 1000 & sleep 1000; true`
	process, err := Start(t.Context(), shell(t, script, readyServer(t, http.StatusOK)))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	process.Stop()
	if _, err := io.ReadAll(reader); err != nil {
		t.Error(err)
	}
}

func TestAProgramThatEndsEarlyShowsItsLog(t *testing.T) {
	_, err := Start(t.Context(), shell(t, `echo what is wrong >&2; exit 3`, readyServer(t, http.StatusServiceUnavailable)))
	if err == nil || !strings.HasPrefix(err.Error(), "sleeper ended (exit status 3); its log, ") || !strings.HasSuffix(err.Error(), "what is wrong") {
		t.Errorf("error %v", err)
	}
}

func TestAMissingProgram(t *testing.T) {
	program := shell(t, "", "")
	program.Path = filepath.Join(t.TempDir(), "nothing")
	if _, err := Start(t.Context(), program); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestACancelledStartLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("told to stop")
	cancel(stop)
	if _, err := Start(ctx, shell(t, `sleep 1000`, readyServer(t, http.StatusOK))); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}
