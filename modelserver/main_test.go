package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/moodring/moodring/modelserver/internal/modeltest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"modelserver": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			folder, err := filepath.Abs(modelDir)
			env.Setenv("MODEL", folder)
			env.Setenv("LIBRARY", modeltest.Library(t))
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"taken-port": takenPort},
	})
}

// takenPort listens on a free port until the script ends, and sets $PORT.
func takenPort(ts *testscript.TestScript, _ bool, _ []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ts.Check(listener.Close()) })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	ts.Check(err)
	ts.Setenv("PORT", port)
}

const modelDir = "models/bert-emotion-model"

// process is the program, run as a process of its own.
type process struct {
	command   *exec.Cmd
	url, grpc string
	lines     chan string // the log after the start
	mutex     sync.Mutex
	log       bytes.Buffer
}

var addresses = regexp.MustCompile(`url=(\S+) grpc=(\S+)`)

// start starts the program with free ports, and waits until it serves.
func start(t testing.TB, args ...string) *process {
	t.Helper()
	args = append([]string{"--host", "127.0.0.1", "--http_port", "0", "--grpc_port", "0", "--drain-delay", "0s", "--onnxruntime", modeltest.Library(t)}, args...)
	p := &process{command: exec.Command(testProgram(t), args...), lines: make(chan string, 1000)}
	stderr, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.end(t) })
	lines := bufio.NewScanner(stderr)
	go func() {
		defer close(p.lines)
		for lines.Scan() {
			p.mutex.Lock()
			fmt.Fprintln(&p.log, lines.Text())
			p.mutex.Unlock()
			p.lines <- lines.Text()
		}
	}()
	line := p.wait(t, "msg=serving")
	found := addresses.FindStringSubmatch(line)
	if found == nil {
		t.Fatalf("no addresses in the log: %s", line)
	}
	p.url, p.grpc = found[1], found[2]
	return p
}

// testProgram is the test's own executable, which TestMain turns into the program by its name.
func testProgram(t testing.TB) string {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "modelserver")
	if err := os.Symlink(executable, link); err != nil {
		t.Fatal(err)
	}
	return link
}

// wait returns the next line of the log with a text.
func (p *process) wait(t testing.TB, text string) string {
	t.Helper()
	for line := range p.lines {
		if strings.Contains(line, text) {
			return line
		}
	}
	t.Fatalf("the program ended before it logged %q:\n%s", text, p.logged())
	return ""
}

func (p *process) logged() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.log.String()
}

func (p *process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// end stops the program, and checks its exit code and that its log has no text of a request.
func (p *process) end(t testing.TB) {
	t.Helper()
	_ = p.command.Process.Signal(syscall.SIGTERM) // the program may have ended already
	for range p.lines {
	}
	if err := p.command.Wait(); err != nil && !strings.Contains(err.Error(), "Wait was already called") {
		t.Errorf("the program ended with %v:\n%s", err, p.logged())
	}
	if strings.Contains(p.logged(), "secret") {
		t.Errorf("the log holds a request's text:\n%s", p.logged())
	}
}

// call sends a request and returns the reply as "status body".
func (p *process) call(t testing.TB, method, path, body string, header ...string) (string, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", response.StatusCode, text), response.Header
}

type labelScore struct {
	Label string
	Score float64
}

func (p *process) predict(t testing.TB, texts ...string) [][]labelScore {
	t.Helper()
	body, err := json.Marshal(map[string]any{"instances": texts})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := p.call(t, "POST", "/v1/models/model:predict", string(body))
	var reply struct{ Predictions [][]labelScore }
	if status, text, _ := strings.Cut(got, " "); status != "200" || json.Unmarshal([]byte(text), &reply) != nil {
		t.Fatal(got)
	}
	return reply.Predictions
}

// TestRealModel checks the labels of sentences with a clear emotion. The scores must be the same alone and in a batch.
func TestRealModel(t *testing.T) {
	p := start(t, "--model_dir", modelDir)
	sentences := map[string]string{
		"The sky is blue and the sun is shining":                          "joy",
		"i feel so happy and delighted today":                             "joy",
		"i feel miserable and hopeless since he died":                     "sadness",
		"i am furious and feel so angry that i could scream":              "anger",
		"i feel terrified and scared of walking home in the dark":         "fear",
		"i was so surprised and feel amazed that they came":               "surprise",
		"i feel a tender and loving affection for my sweet little sister": "love",
	}
	var batch []string
	for text, want := range sentences {
		batch = append(batch, text)
		if got := p.predict(t, text)[0]; got[0].Label != want {
			t.Errorf("%q is %s, want %s: %v", text, got[0].Label, want, got)
		}
	}
	for i, got := range p.predict(t, batch...) {
		checkPrediction(t, got)
		if alone := p.predict(t, batch[i])[0]; fmt.Sprint(got) != fmt.Sprint(alone) {
			t.Errorf("%q: %v in a batch, %v alone", batch[i], got, alone)
		}
	}
}

// checkPrediction checks that there are six labels, sorted by score, and that the scores add up to 1.
func checkPrediction(t *testing.T, prediction []labelScore) {
	t.Helper()
	sum := 0.0
	for i, score := range prediction {
		sum += score.Score
		if i > 0 && score.Score > prediction[i-1].Score {
			t.Errorf("not sorted: %v", prediction)
		}
	}
	if len(prediction) != 6 || sum < 0.999 || sum > 1.001 {
		t.Errorf("%d labels with a sum of %v: %v", len(prediction), sum, prediction)
	}
}

// TestManyAtOnce: parallel requests get the same scores as a single request, and the counts are exact.
func TestManyAtOnce(t *testing.T) {
	p := start(t, "--model_dir", modelDir)
	texts := []string{"", "fine", "what a long and winding road this was, i thought", strings.Repeat("over and out ", 50)}
	want := fmt.Sprint(p.predict(t, texts...))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 5 {
				if got := fmt.Sprint(p.predict(t, texts...)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	group.Wait()
	total := 0
	for _, count := range p.metrics(t, "modelserver_answers_total{") {
		total += int(count)
	}
	if total != 41*len(texts) {
		t.Errorf("%d answers counted, want %d", total, 41*len(texts))
	}
}

// metrics returns the series that begin with a text.
func (p *process) metrics(t testing.TB, prefix string) map[string]float64 {
	t.Helper()
	page, _ := p.call(t, "GET", "/metrics", "")
	found := map[string]float64{}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, prefix) && !strings.Contains(line, "# ") {
			series, value, _ := cutLast(strings.TrimSpace(line))
			var number float64
			if _, err := fmt.Sscan(value, &number); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			found[series] = number
		}
	}
	return found
}

func cutLast(line string) (series, value string, ok bool) {
	at := strings.LastIndex(line, " ")
	if at < 0 {
		return line, "", false
	}
	return line[:at], line[at+1:], true
}

// TestStalledBodies: 80 callers whose bodies do not arrive hold up no other caller. Each of them gets 408 after ten seconds,
// so an answer within five did not wait for them.
func TestStalledBodies(t *testing.T) {
	p := start(t, "--model_dir", modeltest.Folder().Write(t))
	for range 80 {
		connection, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if _, err := fmt.Fprintf(connection, "POST /v1/models/model:predict HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
	}
	started := time.Now()
	if got := p.predict(t, "good"); got[0][0].Label != "good" || time.Since(started) > 5*time.Second {
		t.Errorf("got %v after %s", got, time.Since(started))
	}
}

// TestReload: SIGHUP takes a new folder over while calls are answered, and keeps the old model if the folder is broken.
func TestReload(t *testing.T) {
	dir := modeltest.Folder().Write(t)
	p := start(t, "--model_dir", dir)
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					p.predict(t, "good", "very bad", "so so")
				}
			}
		})
	}
	reload := func(files modeltest.Files, line string) {
		t.Helper()
		files.WriteInto(t, dir)
		p.signal(t, syscall.SIGHUP)
		p.wait(t, line)
	}
	for i := range 5 {
		name := fmt.Sprint("fine", i)
		reload(modeltest.Folder().With("config.json", `{"id2label":{"0":"`+name+`","1":"bad"}}`), "msg=reloaded")
		if got := p.predict(t, "good"); got[0][0].Label != name {
			t.Errorf("got %v, want %s", got, name)
		}
	}
	reload(modeltest.Files{"model.onnx": "text"}, `msg="the reload failed; the former models stay in use"`)
	if got := p.predict(t, "good"); got[0][0].Label != "fine4" {
		t.Errorf("got %v, want the former model", got)
	}
	close(stop)
	callers.Wait()
	counts := p.metrics(t, "modelserver_reloads_total{")
	if counts[`modelserver_reloads_total{result="success"}`] != 5 || counts[`modelserver_reloads_total{result="failure"}`] != 1 {
		t.Errorf("reloads %v", counts)
	}
}

// TestDrain: after SIGTERM the server is not ready at once, answers during the drain delay, and ends with code 0.
func TestDrain(t *testing.T) {
	p := start(t, "--model_dir", modeltest.Folder().Write(t), "--drain-delay", "1h")
	if got, _ := p.call(t, "GET", "/readyz", ""); got != `200 {"status":"ready"}` {
		t.Errorf("ready: %s", got)
	}
	p.signal(t, syscall.SIGTERM)
	p.wait(t, "msg=stopping")
	for path, want := range map[string]string{
		"/healthz":         `200 {"status":"alive"}`,
		"/readyz":          `503 {"error":"the server is not ready"}`,
		"/v2/health/live":  `200 {"live":true}`,
		"/v2/health/ready": `503 {"error":"the server is not ready"}`,
		"/v1/models/model": `503 {"error":"Model with name model is not ready."}`,
	} {
		if got, _ := p.call(t, "GET", path, ""); got != want {
			t.Errorf("%s gave %s, want %s", path, got, want)
		}
	}
	if got := p.predict(t, "good"); got[0][0].Label != "good" {
		t.Errorf("a call during the drain delay got %v", got)
	}
	p.signal(t, syscall.SIGTERM) // a second signal ends the delay
	p.end(t)
}

// TestClients runs the official clients of KServe and Triton against the program.
func TestClients(t *testing.T) {
	python, err := filepath.Abs("../.tools/clients/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("%v; get the clients with `make clients`", err)
	}
	p := start(t, "--model_dir", modeltest.Folder().Write(t))
	for _, client := range []string{"kserve", "triton"} {
		t.Run(client, func(t *testing.T) {
			output, err := exec.CommandContext(t.Context(), python, "testdata/clients/clients.py", client, strings.TrimPrefix(p.url, "http://"), p.grpc).CombinedOutput()
			if err != nil || !strings.Contains(string(output), "all calls are right") {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

func BenchmarkPredict(b *testing.B) {
	p := start(b, "--model_dir", modelDir)
	for b.Loop() {
		p.predict(b, "i was feeling rather gloomy until my sister called, and now i am over the moon")
	}
}

// TestOverload: many more calls than the server can answer get 200 or 503 with Retry-After, and the queue is empty afterwards.
func TestOverload(t *testing.T) {
	p := start(t, "--model_dir", modelDir, "--queue-tokens", "400", "--queue-timeout", "3s")
	body := `{"instances":["a long and winding road"` + strings.Repeat(`,"a long and winding road"`, 19) + `]}`
	var mutex sync.Mutex
	statuses := map[string]int{}
	var callers sync.WaitGroup
	for range 32 {
		callers.Go(func() {
			for range 4 {
				got, header := p.call(t, "POST", "/v1/models/model:predict", body)
				status, _, _ := strings.Cut(got, " ")
				if status == "503" && header.Get("Retry-After") != "1" {
					t.Errorf("no Retry-After: %s", got)
				}
				mutex.Lock()
				statuses[status]++
				mutex.Unlock()
			}
		})
	}
	callers.Wait()
	if statuses["200"] == 0 || statuses["503"] == 0 || statuses["200"]+statuses["503"] != 128 {
		t.Errorf("statuses %v, want 200 and 503 alone", statuses)
	}
	got := p.metrics(t, "modelserver_")
	if tokens, refused := got[`modelserver_queue_tokens{model="model"}`], got[`modelserver_refused_total{model="model"}`]; tokens != 0 || int(refused) != statuses["503"] {
		t.Errorf("%v tokens wait, %v calls are counted as refused; want 0 and %d", tokens, refused, statuses["503"])
	}
}

// TestCancelled: the texts of a caller that leaves are not read by the network.
func TestCancelled(t *testing.T) {
	p := start(t, "--model_dir", modelDir)
	body := `{"instances":["a long and winding road"` + strings.Repeat(`,"a long and winding road"`, 999) + `]}`
	connection, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(connection, "POST /v1/models/model:predict HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
	tokens := func() float64 {
		return p.metrics(t, "modelserver_queue_tokens")[`modelserver_queue_tokens{model="model"}`]
	}
	for tokens() == 0 { // until the call is in the queue
	}
	if err := connection.Close(); err != nil {
		t.Fatal(err)
	}
	for tokens() != 0 {
	}
	if read := p.metrics(t, "modelserver_tokens_total")[`modelserver_tokens_total{model="model"}`]; read >= 7000 {
		t.Errorf("the network read %v tokens, want fewer than all 7,000", read)
	}
}
