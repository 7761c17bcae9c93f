package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/client"
	"github.com/moodring/moodring/deploy/local/internal/demo"
	"github.com/moodring/moodring/deploy/local/internal/drift"
	"github.com/moodring/moodring/deploy/local/internal/stack"
)

const root = "../.."

func setAnyPorts(t *testing.T) {
	t.Helper()
	for _, name := range []string{"GATEWAY", "ADMIN", "MODELSERVER", "RATELIMIT", "RATELIMIT_GRPC", "EXPORTER", "PROMETHEUS", "PREVIEW"} {
		t.Setenv(name+"_PORT", "0")
	}
}

// TestDemo does the same as make demo, and checks the JSON result.
func TestDemo(t *testing.T) {
	setAnyPorts(t)
	resultFile, runDir := filepath.Join(t.TempDir(), "result.json"), filepath.Join(t.TempDir(), "run")
	t.Setenv("DEMO_JSON", resultFile)
	t.Setenv("DEMO_REQUESTS", "320") // the corpus once, and its first 20 sentences again
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-root", root, "-run-dir", runDir, "demo"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, stdout.String(), stderr.String())
	}
	text, err := os.ReadFile(resultFile)
	if err != nil {
		t.Fatal(err)
	}
	var result demo.Result
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	answers := 0
	for label, counts := range result.Answers {
		answers += counts.Prometheus
		if counts.ModelServer != counts.Prometheus {
			t.Errorf("%s: %+v", label, counts)
		}
	}
	if !result.OK || answers < 320 || len(result.Answers) != 6 || result.Denied.Counted != 5 || result.RateLimited.Counted != 3 || result.Panels.Total < 8 {
		t.Errorf("result %s", text)
	}
	if _, err := os.Stat(runDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run directory is still there: %v", err)
	}
}

// TestDrift does the same as make drift, over a shorter window. The alert is quiet
// for the unchanged corpus, and fires when joy's share is doubled.
func TestDrift(t *testing.T) {
	setAnyPorts(t)
	resultFile, picture := filepath.Join(t.TempDir(), "result.json"), filepath.Join(t.TempDir(), "drift.png")
	t.Setenv("DEMO_JSON", resultFile)
	t.Setenv("DRIFT_PICTURE", picture)
	t.Setenv("DRIFT_WINDOW", "20s")
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-root", root, "-run-dir", filepath.Join(t.TempDir(), "run"), "drift"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, stdout.String(), stderr.String())
	}
	text, err := os.ReadFile(resultFile)
	if err != nil {
		t.Fatal(err)
	}
	var result drift.Result
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	natural, doubled := result.Phases[0], result.Phases[1]
	if !result.OK || natural.Index >= 0.1 || doubled.Index <= 0.1 || math.Abs(natural.Share-1./6) > 0.05 || math.Abs(doubled.Share-1./3) > 0.05 {
		t.Errorf("result %s", text)
	}
	if drawn, err := os.ReadFile(picture); err != nil || !bytes.HasPrefix(drawn, []byte("\x89PNG")) {
		t.Errorf("the picture is no PNG: %v", err)
	}
}

// TestUp starts the stack, sends the README's requests, and interrupts the stack.
func TestUp(t *testing.T) {
	setAnyPorts(t)
	runDir := filepath.Join(t.TempDir(), "run")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	stdout, writer := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"-root", root, "-run-dir", runDir, "up"}, writer, &stderr)
		_ = writer.Close() // never fails
	}()
	if !awaitLine(stdout, "Ctrl-C stops everything.") {
		t.Fatalf("exit code %d\n%s", <-ended, stderr.String())
	}
	text, err := os.ReadFile(filepath.Join(runDir, "up.json"))
	if err != nil {
		t.Fatal(err)
	}
	var at stack.Addresses
	if err := json.Unmarshal(text, &at); err != nil {
		t.Fatal(err)
	}
	checkRefusals(t, at, filepath.Join(runDir, "access.log"))
	checkDashboards(t, at)
	checkVerify(t, at)
	checkRules(t, at)
	checkPages(t, at)
	checkSecondStack(t, runDir)
	checkRateLimitLog(t, filepath.Join(runDir, "log", "ratelimit.log"))
	interrupt()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d\n%s", code, stderr.String())
	}
	for _, url := range []string{at.Gateway, at.Admin, at.ModelServer, at.RateLimit, at.Exporter, at.Prometheus, at.Preview} {
		if _, err := net.Dial("tcp", strings.TrimPrefix(url, "http://")); err == nil {
			t.Errorf("%s still serves", url)
		}
	}
	if _, err := os.Stat(runDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run directory is still there: %v", err)
	}
}

// TestPrintedRequestHasKey: callers without an API key share one limit, and the
// stack's own traffic uses most of it.
func TestPrintedRequestHasKey(t *testing.T) {
	var stdout strings.Builder
	if err := (commands{stdout: &stdout}).printAddresses(&stack.Stack{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stdout.String(), "-H 'x-api-key: ") {
		t.Errorf("the printed request has no key: %s", stdout.String())
	}
}

// awaitLine reads until a line contains text. It returns false at the end.
func awaitLine(from io.Reader, text string) bool {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return true
		}
	}
	return false
}

func checkDashboards(t *testing.T, at stack.Addresses) {
	t.Helper()
	response, err := http.Get(at.Preview + "/d/moodring-overview")
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("the dashboards: %s, %v", response.Status, err)
	}
	// A real browser draws the dashboard from the real Prometheus. render fails if
	// a query fails.
	render := exec.Command("bin/dashgen", "render", "--prometheus", at.Prometheus, "--scrape-interval", "2s", "-o", filepath.Join(t.TempDir(), "overview.png"))
	render.Dir = root
	if output, err := render.CombinedOutput(); err != nil {
		t.Errorf("dashgen render: %v: %s", err, output)
	}
}

// verifyLimit is the longest time for the queries of all dashboards and rules.
const verifyLimit = 10 * time.Second

// checkVerify measures the time of dashgen verify. Panels may still be empty,
// because rates need two scrapes.
func checkVerify(t *testing.T, at stack.Addresses) {
	t.Helper()
	began := time.Now()
	verify := exec.Command("bin/dashgen", "verify", "--prometheus", at.Prometheus, "--json")
	verify.Dir = root
	text, runErr := verify.Output()
	took := time.Since(began)
	var report struct{ Panels struct{ Total, Off int } }
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatalf("dashgen verify: %v, %v", err, runErr)
	}
	if took > verifyLimit || report.Panels.Total+report.Panels.Off < 60 {
		t.Errorf("dashgen verify of %d panels took %s, want %s at most", report.Panels.Total+report.Panels.Off, took, verifyLimit)
	}
}

// checkRules waits until Prometheus has evaluated every rule without an error.
func checkRules(t *testing.T, at stack.Addresses) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		response, err := http.Get(at.Prometheus + "/api/v1/rules")
		if err != nil {
			t.Fatal(err)
		}
		var reply struct {
			Data struct {
				Groups []struct {
					Name  string
					Rules []struct{ Name, Health, LastError string }
				}
			}
		}
		if err := errors.Join(json.NewDecoder(response.Body).Decode(&reply), response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		var groups []string
		healths := map[string]int{}
		for _, group := range reply.Data.Groups {
			groups = append(groups, group.Name)
			for _, rule := range group.Rules {
				healths[rule.Health]++
				if rule.LastError != "" {
					t.Fatalf("rule %s: %s", rule.Name, rule.LastError)
				}
			}
		}
		slices.Sort(groups)
		if want := []string{"moodring-alerts", "moodring-baseline-bert-emotion-model", "moodring-recordings"}; !slices.Equal(groups, want) {
			t.Fatalf("groups of rules %q, want %q", groups, want)
		}
		if len(healths) == 1 && healths["ok"] > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("rules by health: %v, want all ok", healths)
		}
	}
}

// checkPages opens the pages for people as a browser would.
func checkPages(t *testing.T, at stack.Addresses) {
	t.Helper()
	for page, want := range map[string]string{
		"/":        `<label for="query">`,
		"/targets": at.Exporter + "/metrics",
		"/rules":   "moodring-recordings",
		"/alerts":  "MoodringLabelMixDrift",
	} {
		response, err := http.Get(at.Prometheus + page)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(want)) || !bytes.Contains(body, []byte(at.Preview)) {
			t.Errorf("page %s of Prometheus: %s, no %q in\n%s", page, response.Status, want, body)
		}
	}
}

// checkSecondStack starts a second stack with the same run directory. It must be
// refused, and the first stack must keep its files.
func checkSecondStack(t *testing.T, runDir string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-root", root, "-run-dir", runDir, "up"}, &stdout, &stderr)
	if want := "uses the run directory " + runDir + ": stop that stack with Ctrl-C, or choose another directory with -run-dir"; code != 1 || !strings.Contains(stderr.String(), want) {
		t.Errorf("the second stack: exit code %d, want 1; %s, want %s", code, stderr.String(), want)
	}
	if _, err := os.Stat(filepath.Join(runDir, "up.json")); err != nil {
		t.Errorf("the first stack's files: %v", err)
	}
}

func checkRateLimitLog(t *testing.T, name string) {
	t.Helper()
	log, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(log, []byte("level=debug")) || bytes.Contains(log, []byte(`"level":"debug"`)) {
		t.Errorf("the rate limit service's log has debug lines:\n%s", log)
	}
}

func checkRefusals(t *testing.T, at stack.Addresses, accessLog string) {
	t.Helper()
	call := client.Client{Gateway: at.Gateway, HTTP: http.DefaultClient}
	denied, err := call.Predict(t.Context(), client.Caller{}, "anything")
	if err != nil {
		t.Fatal(err)
	}
	if denied.StatusCode != http.StatusForbidden || denied.ContentLength != int64(len("RBAC: access denied")) {
		t.Errorf("without the header: %s, %d bytes", denied.Status, denied.ContentLength)
	}
	statuses := map[int]int{}
	for range 6 { // five requests a minute for a key; a new minute may begin here
		response, err := call.Predict(t.Context(), client.Caller{IsAuthorized: true, Key: "test"}, "anything")
		if err != nil {
			t.Fatal(err)
		}
		statuses[response.StatusCode]++
		if response.StatusCode == http.StatusTooManyRequests && response.Header.Get("x-envoy-ratelimited") != "true" {
			t.Error("a 429 without x-envoy-ratelimited")
		}
	}
	if statuses[http.StatusOK] < 5 || statuses[http.StatusOK]+statuses[http.StatusTooManyRequests] != 6 {
		t.Errorf("with a key: %v", statuses)
	}
	const reason = "rbac_access_denied_matched_policy[none]"
	for deadline := time.Now().Add(10 * time.Second); ; {
		log, err := os.ReadFile(accessLog)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(log, []byte(reason)) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s in the access log", reason)
		}
	}
}

// TestOneLineErrors: a mistake of the user gives one line that names the remedy.
func TestOneLineErrors(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.txt")
	if err := os.WriteFile(bad, []byte("i feel fine;joy\nno label here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	joyless := filepath.Join(t.TempDir(), "joyless.txt")
	if err := os.WriteFile(joyless, []byte("i feel fine;love\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	tests := []struct{ name, env, value, command, want string }{
		{"a bad corpus line", "DEMO_CORPUS", bad, "demo", "local: corpus " + bad + ", line 2: no semicolon; write text;label\n"},
		{"no such corpus", "DEMO_CORPUS", "nothing.txt", "demo", "local: no corpus: open nothing.txt: no such file or directory; run from the checkout's root, or set DEMO_CORPUS to a file\n"},
		{"a bad number", "DEMO_REQUESTS", "0", "demo", "local: DEMO_REQUESTS is \"0\"; give a number of sentences, 1 or more\n"},
		{"a short window", "DRIFT_WINDOW", "5s", "drift", "local: DRIFT_WINDOW is \"5s\"; give a time, 20s or more\n"},
		{"a window that is no time", "DRIFT_WINDOW", "long", "drift", "local: DRIFT_WINDOW is \"long\"; give a time, 20s or more\n"},
		{"no sentence to double", "DEMO_CORPUS", joyless, "drift", "local: 0 of the corpus's 1 sentences are labelled joy: to double its share, use a corpus with at least one, and less than half\n"},
		{"a taken port", "GATEWAY_PORT", port, "demo", "local: port " + port + " (gateway) is taken by another program: stop it, or choose a port with GATEWAY_PORT=PORT\n"},
		{"a taken port for up", "PROMETHEUS_PORT", port, "up", "local: port " + port + " (prometheus) is taken by another program: stop it, or choose a port with PROMETHEUS_PORT=PORT\n"},
		{"no Redis", "REDIS_URL", "redis://127.0.0.1:1", "demo", "local: no Redis at REDIS_URL=redis://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused; start it, or unset REDIS_URL\n"},
		{"an address without a port", "REDIS_URL", "here", "demo", "local: no Redis at REDIS_URL=here: dial tcp: address here: missing port in address; start it, or unset REDIS_URL\n"},
		{"a Redis with a password", "REDIS_URL", "redis://me:secret@127.0.0.1:1", "demo", "local: REDIS_URL must be HOST:PORT or redis://HOST:PORT, without a password or a database\n"},
		{"no Envoy", "ENVOY", "/nowhere/envoy", "up", "local: no Envoy at ENVOY=/nowhere/envoy: exec: \"/nowhere/envoy\": stat /nowhere/envoy: no such file or directory; set it to Envoy's binary, or unset it and run `make tools`\n"},
		{"no Grafana", "GRAFANA", "/nowhere/grafana", "up", "local: no Grafana at GRAFANA=/nowhere/grafana: exec: \"/nowhere/grafana\": stat /nowhere/grafana: no such file or directory; set it to bin/grafana of an unpacked Grafana, or unset it\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			setAnyPorts(t)
			t.Setenv(test.env, test.value)
			runDir := filepath.Join(t.TempDir(), "run")
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), []string{"-root", root, "-run-dir", runDir, test.command}, &stdout, &stderr)
			if got := stdout.String() + stderr.String(); code != 1 || got != test.want {
				t.Errorf("exit code %d, %q; want 1, %q", code, got, test.want)
			}
			if _, err := os.Stat(runDir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a run directory was left: %v", err)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	tests := []struct {
		args        string
		code        int
		out, errors string
	}{
		{"-h", 0, "local up      run until Ctrl-C", ""},
		{"up -h", 0, "-policy on\n", ""},
		{"demo -h", 0, "usage: local demo [flags]\n", ""},
		{"drift --help", 0, "-run-dir string\n", ""},
		{"completion -h", 0, "usage: completion bash | fish | zsh\n", ""},
		{"-version", 0, "moodring-local ", ""},
		{"version", 0, "moodring-local ", ""},
		{"completion candidates up --p", 0, "--policy\n", ""},
		{"completion candidates d", 0, "demo\ndrift\n", ""},
		{"", 2, "", "local: usage: no command: give up, demo or drift; see local -h\n"},
		{"down", 2, "", "local: usage: unknown command \"down\"; see local -h\n"},
		{"dmeo", 2, "", "local: usage: unknown command \"dmeo\" (did you mean \"demo\"?); see local -h\n"},
		{"up up", 2, "", "local: usage: up: unexpected \"up\"; see local up -h\n"},
		{"-nothing up", 2, "", "local: usage: flag provided but not defined: -nothing; see local -h\n"},
		{"up --polcy off", 2, "", "local: usage: flag provided but not defined: -polcy (did you mean \"--policy\"?); see local up -h\n"},
		{"up --policy none", 2, "", "local: usage: invalid value \"none\" for flag -policy: give on or off; see local up -h\n"},
		{"up --config other", 2, "", "local: usage: invalid value \"other\" for flag -config: give moodring or seed; see local up -h\n"},
		{"demo --policy off", 2, "", "local: usage: flag provided but not defined: -policy; see local demo -h\n"},
	}
	for _, test := range tests {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(test.args), &stdout, &stderr)
		if code != test.code || !strings.Contains(stdout.String(), test.out) || stderr.String() != test.errors {
			t.Errorf("local %s: exit code %d, want %d; output %q and %q", test.args, code, test.code, stdout.String(), stderr.String())
		}
	}
}
