package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"istio.io/istio/pilot/cmd/pilot-agent/status"
	"istio.io/istio/pkg/model"
	"istio.io/istio/pkg/monitoring"
)

const savedPages = "../../exporter/testdata/envoy-1.40"

// appsPage is a page of an application's metrics: a type that differs from Envoy's
// for the same name, a type given twice, types that Envoy does not have,
// timestamps, comments and escapes.
const appsPage = `# HELP envoy_cluster_upstream_rq_time The application's.
# TYPE envoy_cluster_upstream_rq_time summary
envoy_cluster_upstream_rq_time{quantile="0.5"} 0.02
# TYPE python_info gauge
# TYPE python_info gauge
python_info{implementation="CPython",note="a \"b\"\n\\c"} 1.0
request_predict_seconds{quantile="0.99"} NaN
request_predict_seconds_sum 1.5e-05 1700000000000
# the end
`

// Istio's agent (port 15020) adds its own and the application's metrics to Envoy's
// page. The exporter must read the same series through the agent as from Envoy.
func TestExporterReadsTheAgentsPage(t *testing.T) {
	program := buildExporter(t)
	for name, test := range map[string]struct {
		node model.NodeType
		app  http.HandlerFunc
	}{
		"gateway":                           {node: model.Router},
		"sidecar":                           {node: model.SidecarProxy, app: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, appsPage) }},
		"sidecar of an app without metrics": {node: model.SidecarProxy, app: http.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			requests := make(chan *http.Request, 10)
			envoy := serve(t, envoyPage(requests))
			agent := startAgent(t, test.node, port(envoy), appPort(t, test.app))
			address := startExporter(t, program, "--gateway", "agent=http://"+agent, "--gateway", "envoy="+envoy.URL)
			page := get(t, address+"/metrics")
			direct, merged := seriesOf(page, "envoy"), seriesOf(page, "agent")
			if diff := cmp.Diff(direct, merged); diff != "" || len(direct) < 50 {
				t.Errorf("%d series of the gateway (-Envoy +agent):\n%s", len(direct), diff)
			}
			if a, b := <-requests, <-requests; a.URL.RawQuery != b.URL.RawQuery || !strings.Contains(a.URL.RawQuery, "filter=") {
				t.Errorf("Envoy received %s and %s", a.URL, b.URL)
			}
			whole := get(t, "http://"+agent+"/stats/prometheus")
			if isMerged := strings.Contains(whole, "istio_agent_") && strings.Contains(whole, "python_info") == (name == "sidecar"); !isMerged {
				t.Errorf("the agent's page does not have the metrics that this test needs:\n%.3000s", whole)
			}
		})
	}
}

// If Envoy does not respond, the agent still returns its own metrics. The exporter
// must report the gateway as down, and keep the gateway's last counts.
func TestExporterBehindAnAgentWithoutEnvoy(t *testing.T) {
	envoy := serve(t, envoyPage(make(chan *http.Request, 10)))
	agent := startAgent(t, model.Router, port(envoy), "")
	config := filepath.Join(t.TempDir(), "exporter.yml")
	if err := os.WriteFile(config, []byte("scrape: {min_age: 0s}\ngateways: [{name: agent, url: 'http://"+agent+"'}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address := startExporter(t, buildExporter(t), "--config.file", config)
	before := get(t, address+"/metrics")
	if !strings.Contains(before, "moodring_exporter_target_up{gateway=\"agent\"} 1\n") {
		t.Fatalf("the gateway is not up:\n%.3000s", before)
	}
	envoy.Close()
	if own := get(t, "http://"+agent+"/stats/prometheus"); !strings.Contains(own, "istio_agent_") || strings.Contains(own, "envoy_http") {
		t.Errorf("the agent's page does not have only the agent's metrics:\n%.3000s", own)
	}
	after := get(t, address+"/metrics")
	if !strings.Contains(after, "moodring_exporter_target_up{gateway=\"agent\"} 0\n") {
		t.Errorf("the gateway is not down:\n%.3000s", after)
	}
	if was, is := seriesOf(before, "agent"), seriesOf(after, "agent"); !slices.Equal(was, is) || len(was) < 50 {
		t.Errorf("%d series of the gateway (-before +after):\n%s", len(was), cmp.Diff(was, is))
	}
	const why = "/stats/prometheus: the agent of Istio answers, and its Envoy does not: look at the pod's log"
	if targets := get(t, address+"/targets?format=json"); !strings.Contains(targets, "GET http://"+agent+why) {
		t.Errorf("the error is not that the Envoy does not answer:\n%s", targets)
	}
}

func buildExporter(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "exporter")
	if out, err := exec.Command("go", "build", "-C", "../..", "-o", program, "./exporter").CombinedOutput(); err != nil {
		t.Fatalf("building the exporter: %v\n%s", err, out)
	}
	return program
}

// envoyPage serves saved pages of a real Envoy. It sends requests with a filter to
// the channel.
func envoyPage(requests chan<- *http.Request) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		file := "istio-unfiltered.prom"
		if r.FormValue("filter") != "" {
			requests <- r
			file = "istio.prom"
		}
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		http.ServeFile(w, r, filepath.Join(savedPages, file))
	}
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func port(server *httptest.Server) int { return server.Listener.Addr().(*net.TCPAddr).Port }

// appPort returns the injector's annotation with the address of the application's
// metrics, or "" without an application.
func appPort(t *testing.T, app http.HandlerFunc) string {
	t.Helper()
	if app == nil {
		return ""
	}
	return fmt.Sprintf(`{"scrape":"true","path":"/metrics","port":"%d"}`, port(serve(t, app)))
}

// startAgent runs the part of Istio's agent that serves metrics until the test
// ends, and returns its address.
func startAgent(t *testing.T, node model.NodeType, envoyPort int, annotations string) string {
	t.Helper()
	if annotations != "" {
		t.Setenv(status.PrometheusScrapingConfig.Name, annotations)
	}
	free, err := net.Listen("tcp", ":0") // with port 0 the agent does not report its port
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	server, err := status.NewServer(status.Options{
		PodIP: "127.0.0.1", NodeType: node, StatusPort: uint16(at), EnvoyPrometheusPort: envoyPort, Context: ctx, PrometheusRegistry: agentRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		server.Run(ctx)
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	address := fmt.Sprintf("127.0.0.1:%d", at)
	for {
		if conn, err := net.Dial("tcp", address); err == nil { // until it listens; the test's own time limit ends it
			_ = conn.Close()
			return address
		}
	}
}

// agentRegistry holds the agent's own metrics, registered as status.NewServer does.
// They can be registered once in a process, so the agents of all tests share them.
var agentRegistry = sync.OnceValue(func() prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	if _, err := monitoring.RegisterPrometheusExporter(prometheus.WrapRegistererWithPrefix("istio_agent_", registry), registry); err != nil {
		panic(err)
	}
	return registry
})

// startExporter runs the program until the test ends, and returns its address.
func startExporter(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, append(args, "--web.listen-address=127.0.0.1:0")...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewScanner(stderr)
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // fails if the program has ended
		for log.Scan() && t.Failed() {
			t.Log(log.Text())
		}
		_ = cmd.Wait()
	})
	address := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
	for log.Scan() {
		if found := address.FindStringSubmatch(log.Text()); found != nil {
			return "http://" + found[1]
		}
		t.Log(log.Text())
	}
	t.Fatal("the exporter ended without listening")
	return ""
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", url, response.Status, err)
	}
	return string(body)
}

// seriesOf returns a gateway's series without the label gateway, and without the
// exporter's own metrics.
func seriesOf(page, gateway string) []string {
	var all []string
	label := fmt.Sprintf("gateway=%q", gateway)
	for line := range strings.Lines(page) {
		if strings.Contains(line, label) && !strings.HasPrefix(line, "moodring_exporter_") {
			all = append(all, strings.Replace(line, label, "", 1))
		}
	}
	return slices.Sorted(slices.Values(all))
}
