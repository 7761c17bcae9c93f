package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/moodring/moodring/modelserver/internal/protocol"
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
			env.Setenv("LIBRARY", library(t))
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

// library returns the path of ONNX Runtime. A test fails without the library.
func library(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs("../.tools/lib/libonnxruntime.so")
	if given := os.Getenv("ONNXRUNTIME_LIB"); given != "" {
		path, err = given, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; get ONNX Runtime with `make tools`, or name its library in ONNXRUNTIME_LIB", err)
	}
	return path
}

// realServer starts the program without its command line, with the model of the repository.
func realServer(t testing.TB) (url string) {
	t.Helper()
	loaded, err := load(settings{dir: modelDir, library: library(t)})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := routes(protocol.Options{Name: "bert-emotion-model", Labels: loaded.labels, Model: loaded.model, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.Close()
		if err := loaded.session.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

type labelScore struct {
	Label string
	Score float64
}

func predict(t testing.TB, url string, texts ...string) [][]labelScore {
	t.Helper()
	body, err := json.Marshal(map[string]any{"instances": texts})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(url+"/v1/models/bert-emotion-model:predict", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var reply struct{ Predictions [][]labelScore }
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", response.StatusCode, err)
	}
	return reply.Predictions
}

// TestRealModel checks the labels of sentences with a clear emotion. The scores must be the same alone and in a batch.
func TestRealModel(t *testing.T) {
	url := realServer(t)
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
		if got := predict(t, url, text)[0]; got[0].Label != want {
			t.Errorf("%q is %s, want %s: %v", text, got[0].Label, want, got)
		}
	}
	for i, got := range predict(t, url, batch...) {
		checkPrediction(t, got)
		if alone := predict(t, url, batch[i])[0]; fmt.Sprint(got) != fmt.Sprint(alone) {
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
	url := realServer(t)
	texts := []string{"", "fine", "what a long and winding road this was, i thought", strings.Repeat("over and out ", 50)}
	want := fmt.Sprint(predict(t, url, texts...))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 5 {
				if got := fmt.Sprint(predict(t, url, texts...)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	group.Wait()
	if total := predictionsTotal(t, url); total != 41*len(texts) {
		t.Errorf("%d predictions counted, want %d", total, 41*len(texts))
	}
}

func predictionsTotal(t *testing.T, url string) int {
	t.Helper()
	response, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "modelserver_answers_total{") {
			var count int
			if _, err := fmt.Sscan(line[strings.LastIndex(line, " "):], &count); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			total += count
		}
	}
	return total
}

// TestRunUntilSignal: the log has the address, and SIGTERM ends the program with exit code 0.
func TestRunUntilSignal(t *testing.T) {
	log, stderr := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run([]string{"--model_dir", modelDir, "--onnxruntime", library(t), "--http_port", "0"}, io.Discard, stderr)
		stderr.Close()
	}()
	lines := bufio.NewScanner(log)
	if !lines.Scan() {
		t.Fatalf("no log, exit code %d", <-code)
	}
	_, rest, _ := strings.Cut(lines.Text(), "url=")
	url, _, _ := strings.Cut(rest, " ")
	if got := predict(t, url, "what a day"); len(got) != 1 {
		t.Errorf("%d predictions for one text", len(got))
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		if strings.Contains(lines.Text(), "what a day") {
			t.Errorf("the log holds a request's text: %s", lines.Text())
		}
	}
	if got := <-code; got != 0 {
		t.Errorf("exit code %d", got)
	}
}

// TestGracefulStop stops the server during a request. The request must still get its reply.
func TestGracefulStop(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		fmt.Fprint(w, "done")
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopping := make(waitFor, 1)
	ended := make(chan error, 1)
	go func() { ended <- serveRequests(ctx, listener, slow, slog.New(slog.NewTextHandler(stopping, nil))) }()
	replies := make(chan string, 1)
	go func() {
		response, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			replies <- err.Error()
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		replies <- fmt.Sprint(string(body), err)
	}()
	<-entered
	stop()
	<-stopping
	close(leave)
	if got := <-replies; got != "done<nil>" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// waitFor is a log that signals its first line.
type waitFor chan struct{}

func (w waitFor) Write(line []byte) (int, error) {
	select {
	case w <- struct{}{}:
	default:
	}
	return len(line), nil
}

func BenchmarkPredict(b *testing.B) {
	loaded, err := load(settings{dir: modelDir, library: library(b)})
	if err != nil {
		b.Fatal(err)
	}
	defer loaded.session.Close()
	text := []string{"i was feeling rather gloomy until my sister called, and now i am over the moon"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := loaded.model.Predict(b.Context(), text); err != nil {
			b.Fatal(err)
		}
	}
}
