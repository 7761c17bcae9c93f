package grafanatest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Grafana is a running Grafana. Token has the role Admin, and so has User with
// Password.
type Grafana struct{ URL, Token string }

// Each runs a test with an empty Grafana in memory. If GRAFANA names a binary, it runs
// the test with an empty real Grafana as well.
func Each(t *testing.T, test func(t *testing.T, g Grafana)) {
	t.Helper()
	t.Run("in memory", func(t *testing.T) { test(t, Grafana{Server(t).URL, Token}) })
	if binary := os.Getenv("GRAFANA"); binary != "" {
		t.Run("real", func(t *testing.T) { test(t, start(t, binary)) })
	}
}

const (
	startLimit = 90 * time.Second
	stopLimit  = 30 * time.Second
	askEvery   = 100 * time.Millisecond
)

// start starts a real Grafana with temporary folders. It ends with the test.
func start(t *testing.T, binary string) Grafana {
	t.Helper()
	path, err := exec.LookPath(binary)
	if err != nil {
		t.Fatalf("no Grafana at GRAFANA=%s: %v; set it to bin/grafana of an unpacked Grafana, or unset it", binary, err)
	}
	address := free(t)
	var log strings.Builder
	program := exec.Command(path, "server", "--homepath", home(t, path))
	program.Env = append(os.Environ(), settings(t.TempDir(), address)...)
	program.Stdout, program.Stderr = &log, &log
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = program.Wait() // its log has the cause
	}()
	t.Cleanup(func() { stop(t, program, over) })
	g := Grafana{URL: "http://" + address}
	if err := g.await(t.Context(), over); err != nil {
		stop(t, program, over) // then the log is complete
		t.Fatalf("Grafana at GRAFANA=%s: %v; its log:\n%s", binary, err, log.String())
	}
	if g.Token, err = g.token(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g
}

// free returns an unused address.
func free(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}

// home returns the folder of Grafana's files: the parent of the binary's folder in an
// unpacked archive, or the folder of the distributions' packages.
func home(t *testing.T, path string) string {
	t.Helper()
	binary, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	above := filepath.Dir(filepath.Dir(binary))
	for _, folder := range []string{above, "/usr/share/grafana"} {
		if _, err := os.Stat(filepath.Join(folder, "conf", "defaults.ini")); err == nil {
			return folder
		}
	}
	t.Fatalf("no conf/defaults.ini in %s or /usr/share/grafana: set GRAFANA to bin/grafana of an unpacked Grafana", above)
	return ""
}

// settings returns environment variables (Grafana's documentation, "Override
// configuration with environment variables").
func settings(folder, address string) []string {
	host, port, _ := strings.Cut(address, ":")
	return []string{
		"GF_SERVER_HTTP_ADDR=" + host, "GF_SERVER_HTTP_PORT=" + port,
		"GF_SECURITY_ADMIN_USER=" + User, "GF_SECURITY_ADMIN_PASSWORD=" + Password,
		"GF_PATHS_DATA=" + filepath.Join(folder, "data"),
		"GF_PATHS_LOGS=" + filepath.Join(folder, "logs"),
		"GF_PATHS_PLUGINS=" + filepath.Join(folder, "plugins"),
		"GF_PATHS_PROVISIONING=" + filepath.Join(folder, "provisioning"),
		"GF_ANALYTICS_REPORTING_ENABLED=false", "GF_ANALYTICS_CHECK_FOR_UPDATES=false", "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES=false",
		"GF_PLUGINS_PREINSTALL_DISABLED=true",
	}
}

// stop ends the program, if it still runs.
func stop(t *testing.T, program *exec.Cmd, over <-chan struct{}) {
	t.Helper()
	if err := program.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	select {
	case <-over:
	case <-time.After(stopLimit):
		if err := program.Process.Kill(); err != nil {
			t.Error(err)
		}
		<-over
	}
}

// await returns when g is healthy, or has ended.
func (g Grafana) await(ctx context.Context, over <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		err := g.ask(ctx, http.MethodGet, "/api/health", "", nil)
		if err == nil {
			return nil
		}
		select {
		case <-over:
			return errors.New("it ended")
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// token creates a service account and returns a token.
func (g Grafana) token(ctx context.Context) (string, error) {
	var account struct{ ID int }
	if err := g.ask(ctx, http.MethodPost, "/api/serviceaccounts", `{"name": "tests", "role": "Admin"}`, &account); err != nil {
		return "", err
	}
	var made struct{ Key string }
	err := g.ask(ctx, http.MethodPost, fmt.Sprintf("/api/serviceaccounts/%d/tokens", account.ID), `{"name": "tests"}`, &made)
	return made.Key, err
}

// ask sends a request as User. It decodes the reply into into, unless into is nil.
func (g Grafana) ask(ctx context.Context, method, path, body string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, g.URL+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.SetBasicAuth(User, Password)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s: %s: %s", path, response.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}
