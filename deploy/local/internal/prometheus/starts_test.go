package prometheus

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"
)

// envoy serves a page of Envoy's statistics, and counts the requests for the page.
type envoy struct {
	mu       sync.Mutex
	uptime   int
	requests int
	counters string
}

// restart begins a process of Envoy with these counters.
func (e *envoy) restart(uptime int, counters string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.uptime, e.requests, e.counters = uptime, 0, counters
}

// count sets the counters of the running process.
func (e *envoy) count(counters string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counters = counters
}

func (e *envoy) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests++
	w.Header().Set("Content-Type", "text/plain")
	_, _ = fmt.Fprintf(w, "envoy_server_uptime{} %d\nenvoy_http_admin_downstream_rq_total{} %d\n%s", e.uptime, e.requests, e.counters)
}

// startExporter builds and runs the exporter until the test ends, and returns its
// address.
func startExporter(t *testing.T, gateway string) string {
	t.Helper()
	program, file := filepath.Join(t.TempDir(), "exporter"), filepath.Join(t.TempDir(), "exporter.yml")
	if out, err := exec.Command("go", "build", "-C", "../../../../exporter", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the exporter: %v\n%s", err, out)
	}
	if err := os.WriteFile(file, fmt.Appendf(nil, "gateways: [{name: g, url: %q}]\nscrape: {min_age: 0s}\n", gateway), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--config.file", file, "--web.listen-address", "127.0.0.1:0")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	listening := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if match := listening.FindStringSubmatch(lines.Text()); match != nil {
			go func() {
				for lines.Scan() {
					continue // the exporter must not block
				}
			}()
			return match[1]
		}
	}
	t.Fatal("the exporter ended without listening")
	return ""
}

const joy = `moodring_predictions_total{label="joy"}`

// A gateway counts 3, is killed, and its successor counts 5 before the next scrape: 8
// in all, although no sample is below the sample before. A label that occurs once is
// counted too.
func TestNothingIsLostAtStartsAndRestarts(t *testing.T) {
	query := restartGateway(t, Options{})
	awaitAnswer(t, query("round(increase("+joy+"[1h]))"), `"8"`)
	awaitAnswer(t, query(`round(increase(moodring_prediction_confidence_count{label="joy"}[1h]))`), `"8"`)
	awaitAnswer(t, query(`round(increase(moodring_predictions_total{label="grief"}[1h]))`), `"1"`)
}

// A Prometheus without start times sees only the growth from 3 to 5, and no growth of
// a label that occurs once.
func TestLossWithoutStartTimes(t *testing.T) {
	query := restartGateway(t, Options{WithoutStartTimes: true})
	awaitAnswer(t, query("increase("+joy+"[1h]) < bool 5"), `"1"`)
	awaitAnswer(t, query(`increase(moodring_predictions_total{label="grief"}[1h])`), `"0"`)
}

// restartGateway runs a Prometheus while a gateway counts 3 of joy, and then, after a
// restart, 5 of joy and 1 of grief. It returns a function that makes URLs of queries.
func restartGateway(t *testing.T, options Options) (query func(string) string) {
	t.Helper()
	gateway := new(envoy)
	gateway.restart(1000, "")
	admin := httptest.NewServer(gateway)
	t.Cleanup(admin.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	options.Listener, options.Targets, options.Interval = listener, []string{startExporter(t, admin.URL)}, 100*time.Millisecond
	options.Dir, options.Logger = t.TempDir(), slog.New(slog.DiscardHandler)
	server, err := Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	query = func(text string) string {
		return "http://" + listener.Addr().String() + "/api/v1/query?query=" + url.QueryEscape(text)
	}
	counters := func(n int) string {
		return fmt.Sprintf("label___joy___moodring_predictions_total{} %d\nlabel___joy___moodring_prediction_confidence_count{} %[1]d\n", n)
	}
	awaitAnswer(t, query("moodring_exporter_target_up"), `"1"`)
	gateway.count(counters(3))
	awaitAnswer(t, query(joy), `"3"`)
	gateway.restart(0, counters(5))
	awaitAnswer(t, query(joy), `"5"`)
	gateway.count(counters(5) + "label___grief___moodring_predictions_total{} 1\n")
	awaitAnswer(t, query(`moodring_predictions_total{label="grief"}`), `"1"`)
	return query
}
