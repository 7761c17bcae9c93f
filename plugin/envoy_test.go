package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
)

const oddLabel = `so "happy"/very-much.v2`

// TestEnvoy runs the compiled filter in a real Envoy and reads its counters in
// all three forms that the admin endpoint has.
func TestEnvoy(t *testing.T) {
	model := newModel(t)
	envoy := startEnvoy(t, port(model), `{"plainCounters": true}`, "")

	quoted, err := json.Marshal(oddLabel)
	if err != nil {
		t.Fatal(err)
	}
	for _, reply := range []string{
		joy, batch, joy,
		`{"predictions":[[{"label":` + string(quoted) + `,"score":0.5}]]}`,
		"{\"predictions\":[\"\",\"line\\nbreak\",\"trailing.\",\"a=.=b;.;c\",\"é\",\"\xff\"]}",
		`{"predictions":[]}`, `not JSON`, joy[:40], ``,
	} {
		if got := envoy.predict(t, "bert-emotion-model", reply); got != reply {
			t.Errorf("the gateway made %q of the reply %q", got, reply)
		}
	}
	envoy.predict(t, "refused", "")
	envoy.reset(t, "bert-emotion-model", joy[:20])

	field := func(key, value string) string { return key + "=" + strconv.Quote(value) }
	of := field(contract.LabelModel, "bert-emotion-model")
	want := map[string]uint64{}
	for label, count := range map[string]uint64{
		"joy": 4, "fear": 1, oddLabel: 1, "": 1, "line\nbreak": 1, "trailing.": 1, "a=.=b;.;c": 1, "é": 1, "\xff": 1,
	} {
		want[contract.Predictions+"{"+of+","+field(contract.LabelLabel, label)+"}"] = count
	}
	for outcome, count := range map[string]uint64{
		contract.OutcomeCounted: 5, contract.OutcomeNoPredictions: 1, contract.OutcomeUnparsed: 1, contract.OutcomeTruncated: 3,
	} {
		want[contract.Replies+"{"+of+","+field(contract.LabelOutcome, outcome)+"}"] = count
	}
	for form, read := range map[string]func(*testing.T) map[string]uint64{
		"text": envoy.textStats, "JSON": envoy.jsonStats, "Prometheus": envoy.prometheusStats,
	} {
		t.Run(form, func(t *testing.T) {
			got := eventually(t, read, func(got map[string]uint64) bool { return cmp.Equal(want, got) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("plain counters", func(t *testing.T) {
		page := envoy.get(t, "/stats/prometheus")
		if !strings.Contains(page, "# TYPE joy counter\njoy{} 4\n") {
			t.Errorf("no joy{} 4 in\n%s", page)
		}
	})
}

// TestEnvoyServesLabelsItself is for users who let Prometheus scrape the
// gateway: Envoy takes the labels out of the names by its stats_tags.
func TestEnvoyServesLabelsItself(t *testing.T) {
	model := newModel(t)
	envoy := startEnvoy(t, port(model), `{}`, documentedStatsConfig(t))
	envoy.predict(t, "bert", joy)
	page := envoy.get(t, "/stats/prometheus?filter=moodring")
	for _, line := range []string{
		`moodring_predictions_total{model="bert",label="joy"} 1`,
		`moodring_prediction_confidence_bucket{model="bert",label="joy",le="0.99"} 1`,
		`moodring_replies_total{model="bert",outcome="counted"} 1`,
	} {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("no %s in\n%s", line, page)
		}
	}
}

// documentedStatsConfig is the bootstrap's part that docs/plugin.md shows.
func documentedStatsConfig(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/plugin.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(text), "```json\n{\"stats_config\": ")
	block, _, isClosed := strings.Cut(block, "}\n```")
	if !ok || !isClosed {
		t.Fatal("docs/plugin.md has no JSON block with a stats_config")
	}
	return block
}

// TestEnvoyKeepsTheLimitForAllWorkers: three workers together keep as many labels
// apart as one would.
func TestEnvoyKeepsTheLimitForAllWorkers(t *testing.T) {
	model := newModel(t)
	envoy := startEnvoy(t, port(model), `{"maxLabels": 3}`, "")
	const callers, calls = 8, 10
	var wait sync.WaitGroup
	for caller := range callers {
		wait.Go(func() { // each on a connection of its own, for whichever worker
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			for call := range calls {
				label := fmt.Sprintf(`{"predictions":["label%d"]}`, (caller+call)%6)
				response, err := (&http.Client{Transport: transport}).Post(envoy.gateway+"/v1/models/bert:predict", "", strings.NewReader(label))
				if err == nil {
					_, err = io.Copy(io.Discard, response.Body)
					err = errors.Join(err, response.Body.Close())
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	total, labels := uint64(0), 0
	for series, count := range envoy.textStats(t) {
		if strings.HasPrefix(series, contract.Predictions) {
			total += count
			labels++
		}
	}
	if total != callers*calls || labels != 4 {
		t.Errorf("%d answers under %d labels, want %d under three and other", total, labels, callers*calls)
	}
}

// TestEnvoyRefusesABadConfiguration: a filter that may not be passed by keeps
// Envoy from starting, and the log says which key is to blame.
func TestEnvoyRefusesABadConfiguration(t *testing.T) {
	command := envoyCommand(t, 1, `{"maxlabels": 3}`, "", filepath.Join(t.TempDir(), "admin"))
	log, err := command.CombinedOutput()
	if err == nil {
		t.Error("Envoy ended well")
	}
	const want = "moodring: not started: pluginConfig: maxlabels is an unknown key; known are plainCounters, "
	if !strings.Contains(string(log), want) {
		t.Errorf("no %q in\n%s", want, log)
	}
}

// newModel starts a server that answers each request with the request's body,
// compressed for those who take it, and breaks off in the middle when asked to.
func newModel(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if r.Header.Get("Accept-Encoding") != "" {
			w.Header().Set("content-encoding", "gzip")
		}
		if r.Header.Get("x-break") != "" {
			w.Header().Set("content-length", strconv.Itoa(len(body)+1))
		}
		if _, err := w.Write(body); err != nil {
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

type envoy struct{ gateway, admin string }

// findEnvoy takes ENVOY, the PATH, and what `make tools` installs, in this
// order.
func findEnvoy(t *testing.T) string {
	t.Helper()
	installed, err := filepath.Abs("../.tools/bin/envoy")
	if err != nil {
		t.Fatal(err)
	}
	for _, candidate := range []string{os.Getenv("ENVOY"), "envoy", installed} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	t.Fatal("no Envoy: set ENVOY to its binary, put it on the PATH, or run `make tools`")
	return ""
}

func port(model *httptest.Server) int { return model.Listener.Addr().(*net.TCPAddr).Port }

func startEnvoy(t *testing.T, modelPort int, pluginConfig, statsConfig string) envoy {
	t.Helper()
	adminFile := filepath.Join(t.TempDir(), "admin")
	command := envoyCommand(t, modelPort, pluginConfig, statsConfig, adminFile)
	runUntilEnd(t, command, "starting workers")
	admin, err := os.ReadFile(adminFile)
	if err != nil {
		t.Fatal(err)
	}
	started := envoy{admin: "http://" + string(admin)}
	started.gateway = "http://" + strings.TrimSpace(strings.SplitN(started.get(t, "/listeners"), "::", 2)[1])
	return started
}

// envoyCommand is an Envoy of three workers before a model.
func envoyCommand(t *testing.T, modelPort int, pluginConfig, statsConfig, adminFile string) *exec.Cmd {
	t.Helper()
	bootstrap, err := os.ReadFile("testdata/envoy.json")
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(pluginConfig)
	if err != nil {
		t.Fatal(err)
	}
	bootstrap = bytes.Replace(bootstrap, []byte("WASM"), []byte(wasmFile(t)), 1)
	bootstrap = bytes.Replace(bootstrap, []byte(`"MODEL_PORT"`), []byte(strconv.Itoa(modelPort)), 1)
	bootstrap = bytes.Replace(bootstrap, []byte(`"PLUGIN_CONFIG"`), quoted, 1)
	if statsConfig != "" {
		bootstrap = bytes.Replace(bootstrap, []byte("{"), []byte(`{"stats_config": `+statsConfig+","), 1)
	}
	config := filepath.Join(t.TempDir(), "envoy.json")
	if err := os.WriteFile(config, bootstrap, 0o600); err != nil {
		t.Fatal(err)
	}
	return exec.Command(findEnvoy(t), "-c", config, "--admin-address-path", adminFile, "--concurrency", "3",
		"--use-dynamic-base-id", "--log-level", "warning", "--component-log-level", "config:info,wasm:info")
}

// runUntilEnd starts the command, waits until it logs ready, and stops it when
// the test ends. The log is shown if the test fails.
func runUntilEnd(t *testing.T, command *exec.Cmd, ready string) {
	t.Helper()
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	isReady, isOver := make(chan struct{}), make(chan struct{})
	var log strings.Builder
	go func() {
		defer close(isOver)
		wasReady := false
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			log.WriteString(lines.Text() + "\n")
			if !wasReady && strings.Contains(lines.Text(), ready) {
				wasReady = true
				close(isReady)
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-isOver
		_ = command.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s:\n%s", command.Path, log.String())
		}
	})
	select {
	case <-isReady:
	case <-isOver:
		t.Fatalf("%s ended before it was ready", command.Path)
	}
}

func (e envoy) get(t *testing.T, path string) string {
	t.Helper()
	response, err := http.Get(e.admin + path)
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

func (e envoy) predict(t *testing.T, model, reply string) string {
	t.Helper()
	response, err := http.Post(e.gateway+"/v1/models/"+model+":predict", "application/json", strings.NewReader(reply))
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, response)
}

// reset has the model break off in the middle of its reply.
func (e envoy) reset(t *testing.T, model, reply string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, e.gateway+"/v1/models/"+model+":predict", strings.NewReader(reply))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("x-break", "yes")
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close() // the reply's error is the one that counts
	}
	if err == nil {
		t.Error("a reply that was broken off arrived whole")
	}
}

// eventually reads until what is read is wanted, for ten seconds: a stream that
// was reset is counted after its client knows.
func eventually[T any](t *testing.T, read func(*testing.T) T, isWanted func(T) bool) T {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		if got := read(t); isWanted(got) || time.Now().After(deadline) {
			return got
		}
	}
}

func (e envoy) textStats(t *testing.T) map[string]uint64 {
	t.Helper()
	series := map[string]uint64{}
	for line := range strings.Lines(e.get(t, "/stats?usedonly")) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		addSeries(t, series, contract.ParseStat, name, value)
	}
	return series
}

func (e envoy) jsonStats(t *testing.T) map[string]uint64 {
	t.Helper()
	var page struct {
		Stats []struct {
			Name  string
			Value json.Number
		}
	}
	if err := json.Unmarshal([]byte(e.get(t, "/stats?format=json&usedonly")), &page); err != nil {
		t.Fatal(err)
	}
	series := map[string]uint64{}
	for _, stat := range page.Stats {
		addSeries(t, series, contract.ParseStat, stat.Name, stat.Value.String())
	}
	return series
}

func (e envoy) prometheusStats(t *testing.T) map[string]uint64 {
	t.Helper()
	series := map[string]uint64{}
	line := regexp.MustCompile(`(?m)^(\w+)\{\} (\d+)$`)
	for _, match := range line.FindAllStringSubmatch(e.get(t, "/stats/prometheus?usedonly"), -1) {
		addSeries(t, series, contract.ParsePrometheus, match[1], match[2])
	}
	return series
}

// addSeries keeps answers and replies, written as Prometheus writes series.
func addSeries(t *testing.T, series map[string]uint64, parse func(string) (contract.Stat, error), name, value string) {
	t.Helper()
	stat, err := parse(name)
	if err != nil || stat.Name != contract.Predictions && stat.Name != contract.Replies {
		return
	}
	count, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	var labels []string
	for _, field := range stat.Fields {
		labels = append(labels, fmt.Sprintf("%s=%q", field.Key, field.Value))
	}
	series[stat.Name+"{"+strings.Join(labels, ",")+"}"] = count
}
