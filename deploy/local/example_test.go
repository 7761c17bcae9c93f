package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/config"

	"github.com/moodring/moodring/deploy/local/internal/gateway"
	"github.com/moodring/moodring/deploy/local/internal/process"
	"github.com/moodring/moodring/deploy/local/internal/prometheus"
)

// example runs the programs of examples/envoy, on free ports.
type example struct {
	root, gateway, admin, exporter, prometheus string // the last four are HOST:PORT
}

// TestEnvoyExample sends flowers through examples/envoy: the model, a plain Envoy, the
// exporter, Prometheus and a dashboard.
func TestEnvoyExample(t *testing.T) {
	e := startExample(t)
	want := map[string]int{"setosa": 5, "versicolor": 3, "virginica": 2}
	for species, flower := range map[string]string{"setosa": "[5.1, 3.5, 1.4, 0.2]", "versicolor": "[6.0, 2.8, 4.2, 1.3]", "virginica": "[6.6, 3.0, 5.6, 2.1]"} {
		for range want[species] {
			e.predict(t, flower)
		}
	}
	const query = `sum by (label) (moodring_predictions_total{model="iris"})`
	var got map[string]int
	for deadline := time.Now().Add(20 * time.Second); !cmp.Equal(got, want); got = e.query(t, query) {
		if time.Now().After(deadline) {
			t.Fatalf("Prometheus has the predictions %v, want %v", got, want)
		}
	}
	render := exec.Command("bin/dashgen", "render", "--prometheus", "http://"+e.prometheus, "--scrape-interval", "1s",
		"--board", "moodring-model", "--var", "model=iris", "-o", filepath.Join(t.TempDir(), "model.png"))
	render.Dir = root
	if output, err := render.CombinedOutput(); err != nil {
		t.Errorf("dashgen render: %v: %s", err, output)
	}
}

// TestFilesOfEnvoyExample: Prometheus accepts its configuration, which scrapes the
// exporter's port, and docs/plugin.md shows the filter as the example has it.
func TestFilesOfEnvoyExample(t *testing.T) {
	loaded, err := config.LoadFile(filepath.Join(root, "examples/envoy/prometheus.yml"), false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if text := loaded.String(); !strings.Contains(text, "127.0.0.1:9847") {
		t.Errorf("Prometheus does not scrape the exporter:\n%s", text)
	}
	filter := filterOf(t, readFile(t, "examples/envoy/envoy.yaml"))
	if lines := strings.Count(filter, "\n"); lines != 12 {
		t.Errorf("the filter has %d lines, and the documents say twelve", lines)
	}
	if document := readFile(t, "docs/plugin.md"); !strings.Contains(document, "```yaml\n"+filter+"```\n") {
		t.Errorf("docs/plugin.md does not show this filter:\n%s", filter)
	}
}

// filterOf returns the lines of the filter in Envoy's configuration, without their
// common indentation.
func filterOf(t *testing.T, configuration string) string {
	t.Helper()
	const indentation = "          "
	_, after, hasFilter := strings.Cut(configuration, "http_filters:\n")
	filter, _, hasRouter := strings.Cut(after, indentation+"- name: envoy.filters.http.router")
	if !hasFilter || !hasRouter {
		t.Fatal("no filter in examples/envoy/envoy.yaml")
	}
	return strings.ReplaceAll(indentation+strings.TrimPrefix(filter, indentation), "\n"+indentation, "\n")[len(indentation):]
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func startExample(t *testing.T) example {
	t.Helper()
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	e := example{root: absolute, gateway: freeAddress(t), admin: freeAddress(t), exporter: freeAddress(t)}
	model := freeAddress(t)
	e.start(t, process.Program{
		Name: "model", Path: "python3", Args: []string{filepath.Join(e.root, "examples/envoy/model.py"), portOf(model)},
		Ready: "http://" + model + "/v1/models/iris",
	})
	e.startEnvoy(t, model)
	e.start(t, process.Program{
		Name: "exporter", Path: filepath.Join(e.root, "bin/exporter"),
		Args:  []string{"--gateway", "http://" + e.admin, "--web.listen-address", e.exporter},
		Ready: "http://" + e.exporter + "/-/ready",
	})
	e.startPrometheus(t)
	return e
}

// startEnvoy runs the example's configuration with other ports, and with the
// filter's absolute path.
func (e *example) startEnvoy(t *testing.T, model string) {
	t.Helper()
	binary, err := gateway.FindEnvoy(e.root)
	if err != nil {
		t.Fatal(err)
	}
	configuration := strings.NewReplacer(
		"port_value: 10000", "port_value: "+portOf(e.gateway),
		"port_value: 8090", "port_value: "+portOf(model),
		"port_value: 9901", "port_value: "+portOf(e.admin),
		"filename: bin/moodring.wasm", "filename: "+filepath.Join(e.root, "bin/moodring.wasm"),
	).Replace(readFile(t, "examples/envoy/envoy.yaml"))
	file := filepath.Join(t.TempDir(), "envoy.yaml")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	e.start(t, gateway.Program(binary, file, "http://"+e.admin))
}

func (e *example) startPrometheus(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := prometheus.Start(prometheus.Options{
		Listener: listener, Targets: []string{e.exporter}, Interval: time.Second, Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	e.prometheus = listener.Addr().String()
}

func (e *example) start(t *testing.T, program process.Program) {
	t.Helper()
	program.Log = filepath.Join(t.TempDir(), "log")
	started, err := process.Start(t.Context(), program)
	if err != nil {
		t.Fatalf("%v (`make build tools` builds the programs)", err)
	}
	t.Cleanup(started.Stop)
}

// predict sends one flower through the gateway.
func (e *example) predict(t *testing.T, flower string) {
	t.Helper()
	response, err := http.Post("http://"+e.gateway+"/v1/models/iris:predict", "application/json", strings.NewReader(`{"instances": [`+flower+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("the gateway answered %s, %v: %s", response.Status, err, body)
	}
}

// query returns an instant vector of Prometheus by label.
func (e *example) query(t *testing.T, expression string) map[string]int {
	t.Helper()
	response, err := http.Get("http://" + e.prometheus + "/api/v1/query?query=" + url.QueryEscape(expression))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var reply struct {
		Data struct {
			Result []struct {
				Metric struct{ Label string }
				Value  [2]any // Unix seconds, and the value as text
			}
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		t.Fatal(err)
	}
	values := map[string]int{}
	for _, series := range reply.Data.Result {
		value, err := strconv.Atoi(fmt.Sprint(series.Value[1]))
		if err != nil {
			t.Fatal(err)
		}
		values[series.Metric.Label] = value
	}
	return values
}

// freeAddress returns a loopback address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
