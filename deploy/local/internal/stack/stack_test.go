package stack

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/client"
)

// TestUnsoundReplies sends broken replies through the stack's gateway. Every byte
// must pass, and the exporter must count every reply under its outcome.
func TestUnsoundReplies(t *testing.T) {
	running := startAround(t, newEcho(t))
	const joy = `{"predictions":[[{"label":"joy","score":0.98},{"label":"love","score":0.02}]]}`
	for _, reply := range []string{
		joy, joy, `not JSON`, joy[:50], ``, `{"predictions":[]}`,
		`{"predictions":[{"label":"so \"happy\"/very-much.v2","score":0.5}]}`,
	} {
		if got := post(t, running, reply); got != reply {
			t.Errorf("the gateway made %q of the reply %q", got, reply)
		}
	}
	page := get(t, running.ports.Exporter.url()+"/metrics")
	of := `{gateway="` + running.ports.Admin.address() + `",`
	for _, line := range []string{
		`moodring_predictions_total` + of + `label="joy",model="bert-emotion-model",namespace="default",service="bert-model"} 2`,
		`moodring_predictions_total` + of + `label="so \"happy\"/very-much.v2",model="bert-emotion-model",namespace="default",service="bert-model"} 1`,
		`moodring_replies_total` + of + `model="bert-emotion-model",namespace="default",outcome="counted",service="bert-model"} 3`,
		`moodring_replies_total` + of + `model="bert-emotion-model",namespace="default",outcome="unparsed",service="bert-model"} 1`,
		`moodring_replies_total` + of + `model="bert-emotion-model",namespace="default",outcome="truncated",service="bert-model"} 2`,
		`moodring_replies_total` + of + `model="bert-emotion-model",namespace="default",outcome="no_predictions",service="bert-model"} 1`,
	} {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("no %s", line)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}

// startAround runs the rate limit service, Envoy and the exporter around a model.
func startAround(t *testing.T, model *httptest.Server) *Stack {
	t.Helper()
	return startAroundWith(t, Options{Root: checkout(t)}, model)
}

func startAroundWith(t *testing.T, options Options, model *httptest.Server) *Stack {
	t.Helper()
	s := newStack(t, options)
	s.ports.ModelServer.Number = model.Listener.Addr().(*net.TCPAddr).Port
	for _, start := range []func(context.Context) error{s.startRateLimit, s.startEnvoy, s.startExporter} {
		if err := start(t.Context()); err != nil {
			t.Fatalf("%v (`make build tools` builds the programs)", err)
		}
	}
	return s
}

// newStack prepares a stack in which no program runs yet.
func newStack(t *testing.T, options Options) *Stack {
	t.Helper()
	setAnyPorts(t)
	options.RunDir, options.Logger, options.Progress = t.TempDir(), slog.New(slog.DiscardHandler), t.Logf
	s := &Stack{ports: DefaultPorts(), failed: make(chan error, 1), options: options}
	t.Cleanup(func() {
		if err := errors.Join(s.Stop(), s.claims.release()); err != nil {
			t.Error(err)
		}
	})
	if err := s.prepare(); err != nil {
		t.Fatal(err)
	}
	return s
}

func checkout(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func setAnyPorts(t *testing.T) {
	t.Helper()
	ports := DefaultPorts()
	for _, port := range ports.all() {
		t.Setenv(port.Env, "0")
	}
}

// newEcho starts a model server that replies with the request's body.
func newEcho(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func post(t *testing.T, s *Stack, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.ports.Gateway.url()+client.Path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = client.Host
	request.Header.Set("X-Test", "istio-is-cool")
	request.Header.Set("X-Api-Key", UnlimitedKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Errorf("the gateway returned %s", response.Status)
	}
	return readAll(t, response)
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, response)
}

func readAll(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestATakenPort(t *testing.T) {
	setAnyPorts(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	number := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	ports := DefaultPorts()
	t.Setenv("EXPORTER_PORT", number)
	if err := ports.FromEnvironment(lookupEnvironment); err != nil {
		t.Fatal(err)
	}
	held, err := ports.claim()
	want := "port " + number + " (exporter) is taken by another program: stop it, or choose a port with EXPORTER_PORT=PORT"
	if err == nil || err.Error() != want || held != nil {
		t.Errorf("error %v, want %s", err, want)
	}
	if again, err := net.Listen("tcp", ports.Gateway.address()); err != nil {
		t.Errorf("a port claimed before the error is still in use: %v", err)
	} else if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestInterruptedStart: the user who interrupts the start gets no log, and finds no
// files.
func TestInterruptedStart(t *testing.T) {
	setAnyPorts(t)
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	interrupted := errors.New("interrupt signal received")
	ctx, interrupt := context.WithCancelCause(t.Context())
	runDir := filepath.Join(t.TempDir(), "run")
	_, err = Start(ctx, Options{
		Root: root, RunDir: runDir, Rules: Rules{Window: time.Minute, For: time.Minute}, Logger: slog.New(slog.DiscardHandler),
		Progress: func(string, ...any) { interrupt(interrupted) }, // when the first program starts
	})
	if err == nil || err.Error() != interrupted.Error() {
		t.Errorf("error %v, want %v", err, interrupted)
	}
	if _, err := os.Stat(runDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run directory: %v", err)
	}
}

func TestABadPort(t *testing.T) {
	ports := DefaultPorts()
	err := ports.FromEnvironment(func(name string) (string, bool) { return "http", name == "ADMIN_PORT" })
	if err == nil || err.Error() != `ADMIN_PORT is "http"; give a port, 0 to 65535` {
		t.Errorf("error %v", err)
	}
}
