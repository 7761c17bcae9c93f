package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/moodring/moodring/exporter/internal/expose"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"exporter": main})
}

func TestScripts(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() }) // after the scripts, which run when this function has returned
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("TAKEN", taken.Addr().String())
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"fails": fails},
	})
}

// fails runs a command that must exit with the code in the first argument.
func fails(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || args[0] != strings.TrimPrefix(exit.String(), "exit status ") {
		ts.Fatalf("%v: got %v, want exit status %s", args[1:], err, args[0])
	}
}

// start runs the exporter until the test ends, and returns its address.
func start(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	logged, stderr := io.Pipe()
	exited := make(chan int, 1)
	go func() {
		exited <- run(ctx, append(args, "--web.listen-address", "127.0.0.1:0"), io.Discard, stderr)
		_ = stderr.Close()
	}()
	t.Cleanup(func() {
		stop()
		if code := <-exited; code != 0 {
			t.Errorf("the exporter exits with %d, want 0", code)
		}
	})
	return listeningOn(t, logged)
}

// listeningOn returns the address in the log. It reads the rest of the log in the
// background.
func listeningOn(t *testing.T, logged io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(logged)
	address := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
	var log strings.Builder
	for lines.Scan() {
		if found := address.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, logged) }()
			return "http://" + found[1]
		}
		log.WriteString(lines.Text() + "\n")
	}
	t.Fatalf("the exporter ended without listening:\n%s", log.String())
	return ""
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	request.Close = true // an idle connection would delay the exporter's shutdown
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("GET %s: %s, %v", url, response.Status, err)
	}
	return string(body)
}

// series returns the page's lines with a prefix.
func series(page, prefix string) []string {
	var found []string
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, prefix) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// envoy serves the saved pages of a real Envoy, and counts the scrapes.
func envoy(t *testing.T, scrapes *atomic.Int32) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scrapes.Add(1)
		file, contentType := "istio.prom", "text/plain; charset=UTF-8"
		if r.FormValue("format") == "json" {
			file, contentType = "istio.json", "application/json"
		}
		w.Header().Set("Content-Type", contentType)
		http.ServeFile(w, r, filepath.Join("testdata/envoy-1.40", file))
	}))
	t.Cleanup(server.Close)
	return server
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "exporter.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A label with special characters is exported unchanged, in both formats of the
// gateway's page, and with a gateway from a flag and from a file.
func TestALabelComesOutUnchanged(t *testing.T) {
	server := envoy(t, new(atomic.Int32))
	jsonFile := writeConfig(t, "gateways: [{name: ingress, url: '"+server.URL+"'}]\nscrape: {format: json}\n")
	want := `moodring_predictions_total{gateway="ingress",label="so \"happy\"/very-much.v2",model="bert-emotion-model"} 4`
	for name, args := range map[string][]string{
		"prometheus": {"--gateway", "ingress=" + server.URL},
		"json":       {"--config.file", jsonFile},
	} {
		t.Run(name, func(t *testing.T) {
			page := get(t, start(t, args...)+"/metrics")
			if found := strings.Join(series(page, `moodring_predictions_total{gateway="ingress",label="so `), "\n"); found != want {
				t.Errorf("got %s\nwant %s\npage:\n%s", found, want, page)
			}
		})
	}
}

func TestTenScrapersCostOneScrape(t *testing.T) {
	var scrapes atomic.Int32
	file := writeConfig(t, "gateways: [{url: '"+envoy(t, &scrapes).URL+"'}]\nscrape: {min_age: 1h}\n")
	address := start(t, "--config.file", file)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if page := get(t, address+"/metrics"); len(series(page, "moodring_predictions_total")) == 0 {
				t.Errorf("no predictions in\n%s", page)
			}
		})
	}
	all.Wait()
	if got := scrapes.Load(); got != 1 {
		t.Errorf("the gateway was scraped %d times, want once", got)
	}
}

// One gateway hangs, one is gone, and one sends rubbish. The fourth gateway's series
// are served in time, and the other three are down.
func TestSickGatewaysDoNotEmptyThePage(t *testing.T) {
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	rubbish := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "???") }))
	defer rubbish.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	file := writeConfig(t, "scrape: {timeout: 200ms}\nmetric_relabel_configs: [{source_labels: [label], regex: 'joy|', action: keep}]\n")
	address := start(t, "--config.file", file, "--gateway", "well="+envoy(t, new(atomic.Int32)).URL,
		"--gateway", "hanging="+hanging.URL, "--gateway", "rubbish="+rubbish.URL, "--gateway", "gone="+gone.URL)
	page := get(t, address+"/metrics")
	want := `moodring_exporter_target_up{gateway="gone"} 0
moodring_exporter_target_up{gateway="hanging"} 0
moodring_exporter_target_up{gateway="rubbish"} 0
moodring_exporter_target_up{gateway="well"} 1`
	if got := strings.Join(series(page, "moodring_exporter_target_up"), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := series(page, "moodring_predictions_total"); len(got) != 3 { // joy of two models, and the empty label
		t.Errorf("got %d series of predictions, want 3: %v", len(got), got)
	}
	for _, own := range []string{"moodring_exporter_build_info{", "go_goroutines ", "process_start_time_seconds "} {
		if len(series(page, own)) != 1 {
			t.Errorf("no %s on the page", own)
		}
	}
}

// A reload adds new gateways and keeps the results of known gateways. A bad file is
// an error and changes nothing.
func TestReload(t *testing.T) {
	var scrapes atomic.Int32
	url := envoy(t, &scrapes).URL
	file := writeConfig(t, "gateways: [{name: a, url: '"+url+"'}]\nscrape: {min_age: 1h}\n")
	address := start(t, "--config.file", file, "--web.enable-lifecycle")
	up := func() string {
		return strings.Join(series(get(t, address+"/metrics"), "moodring_exporter_target_up"), ", ")
	}
	load := func(text string, reload func() int) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code := reload(); code != http.StatusOK {
			t.Errorf("reloading %s: %d", text, code)
		}
	}
	post := func() int {
		response, err := http.Post(address+"/-/reload", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		return response.StatusCode
	}
	want := `moodring_exporter_target_up{gateway="a"} 1`
	if got := up(); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	load("gateways: [{name: a, url: '"+url+"'}, {name: b, url: '"+url+"/b'}]\nscrape: {min_age: 1h}\n", post)
	want += `, moodring_exporter_target_up{gateway="b"} 1`
	if got := up(); got != want || scrapes.Load() != 2 {
		t.Errorf("got %s after %d scrapes, want %s after 2", got, scrapes.Load(), want)
	}
	load("gateways: 1\n", func() int {
		if code := post(); code != http.StatusInternalServerError {
			t.Errorf("a bad file is answered with %d", code)
		}
		return http.StatusOK
	})
	if got := up(); got != want {
		t.Errorf("got %s after a bad file, want %s", got, want)
	}
	const loaded = "moodring_exporter_config_last_reload_successful "
	if got := series(get(t, address+"/metrics"), loaded); len(got) != 1 || got[0] != loaded+"0" {
		t.Errorf("got %v, want %s0", got, loaded)
	}
	load("gateways: [{name: c, url: '"+url+"'}]\n", func() int {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for series(get(t, address+"/metrics"), loaded)[0] != loaded+"1" {
			continue // until the signal arrives, or the test's timeout
		}
		return http.StatusOK
	})
	if got, want := up(), `moodring_exporter_target_up{gateway="c"} 1`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The log says that a configuration is bad, and that the previous one is in use.
func TestReloadIsLogged(t *testing.T) {
	file := writeConfig(t, "gateways: [{url: 'http://127.0.0.1:1'}]\n")
	_, f, err := parseFlags([]string{"--config.file", file}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	meter, err := expose.NewMeter(registry)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	ctx, stop := context.WithCancel(t.Context())
	e, err := newExporter(ctx, f, registry, meter, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		stop()
		e.wait()
	}()
	for _, step := range []struct{ config, want string }{
		{"gateways: [{url: 'http://127.0.0.1:2'}]\n", `level=INFO msg="Loaded the configuration"`},
		{"gateways: 1\n", `level=ERROR msg="Loading the configuration failed; the previous one stays in use" err="` + file + `: line 1: `},
	} {
		log.Reset()
		write(t, file, []byte(step.config))
		err := e.reload(ctx)
		if !strings.Contains(log.String(), step.want) {
			t.Errorf("%v; the log has %s, want %s", err, log.String(), step.want)
		}
		if targets := e.fleet.Targets(); len(targets) != 1 || targets[0].Gateway != "127.0.0.1:2" {
			t.Errorf("the targets are %v", targets)
		}
	}
}

// After a restart of the exporter, the first page has all counts of the gateways,
// also with scrape.interval.
func TestRestartLosesNothing(t *testing.T) {
	file := writeConfig(t, "gateways: [{name: a, url: '"+envoy(t, new(atomic.Int32)).URL+"'}]\nscrape: {interval: 1h}\n")
	var pages []string
	for range 2 {
		t.Run("run", func(t *testing.T) { // the exporter stops at the end of the subtest
			page := get(t, start(t, "--config.file", file)+"/metrics")
			pages = append(pages, strings.Join(append(series(page, "moodring_predictions_"), series(page, "moodring_gateway_")...), "\n"))
		})
	}
	if diff := cmp.Diff(pages[0], pages[1]); diff != "" || len(pages[0]) < 1000 {
		t.Errorf("%d bytes of series (-before +after):\n%s", len(pages[0]), diff)
	}
}

// Istio's agent responds with 200 even if its Envoy does not respond, but counts the
// failure in a metric. Then the gateway is down, and its last values are kept.
func TestAgentWhoseEnvoyDoesNotAnswer(t *testing.T) {
	const failures = "istio_agent_scrape_failures_total{type=\"envoy\"} "
	app := "istio_agent_scrape_failures_total{type=\"application\"} 7\npython_info 1\n"
	var page atomic.Pointer[string]
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { text(*page.Load())(w, r) }))
	t.Cleanup(agent.Close)
	address := start(t, "--config.file", writeConfig(t, "scrape: {min_age: 0s}\ngateways: [{name: a, url: '"+agent.URL+"'}]\n"))
	for _, step := range []struct{ name, page, up, predictions string }{
		{"both answer", app + mood, "1", "6"},
		{"Envoy hangs", failures + "1\n" + app, "0", "6"},
		{"it still does", failures + "2\n" + app, "0", "6"},
		{"it is back", failures + "2\n" + app + mood, "1", "6"},
		{"somebody else's scrape failed", failures + "3\n" + app + mood, "1", "6"},
		{"Envoy was restarted, and has counted nothing", failures + "3\n" + app, "1", ""},
		{"so was the agent, whose Envoy is not ready", failures + "1\n" + app, "0", ""},
	} {
		page.Store(&step.page)
		got := get(t, address+"/metrics")
		up := strings.Join(series(got, "moodring_exporter_target_up"), "")
		predictions := strings.Join(series(got, "moodring_predictions_total"), "")
		want := strings.Replace(moodLine, "{", `{gateway="a",`, 1)
		if step.predictions == "" {
			want = ""
		}
		if up != `moodring_exporter_target_up{gateway="a"} `+step.up || predictions != want {
			t.Errorf("%s: got %s and %s, want it up: %s, and %s", step.name, up, predictions, step.up, want)
		}
	}
	const why = "/stats/prometheus: the agent of Istio answers, and its Envoy does not: look at the pod's log"
	if got := statesOf(t, address)["a"].Error; !strings.HasPrefix(got, "GET http://127.0.0.1:") || !strings.HasSuffix(got, why) {
		t.Errorf("the error is %s", got)
	}
}

// Of several shards, one scrapes each gateway.
func TestShards(t *testing.T) {
	var scrapes atomic.Int32
	url := envoy(t, &scrapes).URL
	var args []string
	for i := range 20 {
		args = append(args, "--gateway", fmt.Sprintf("g%d=%s/%[1]d", i, url))
	}
	all := 0
	for _, shard := range []string{"0/2", "1/2"} {
		page := get(t, start(t, append(args, "--shard", shard)...)+"/metrics")
		found := len(series(page, "moodring_exporter_target_up"))
		if found < 5 {
			t.Errorf("shard %s has %d gateways of 20", shard, found)
		}
		all += found
	}
	if all != 20 || scrapes.Load() != 20 {
		t.Errorf("%d gateways, %d scrapes; want 20", all, scrapes.Load())
	}
}
