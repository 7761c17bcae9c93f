package protocol

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/moodring/moodring/modelserver/internal/model"
)

// byMood predicts from a word in the text, so that the order of predictions can be checked.
func byMood(text string) model.Prediction {
	if strings.Contains(text, "sad") {
		return model.Prediction{{Label: "sadness", Score: 0.75}, {Label: "<joy>", Score: 0.25}}
	}
	return model.Prediction{{Label: "<joy>", Score: 1}, {Label: "sadness", Score: 0}}
}

const (
	joy     = `[{"label":"<joy>","score":1},{"label":"sadness","score":0}]`
	sadness = `[{"label":"sadness","score":0.75},{"label":"<joy>","score":0.25}]`
)

// newServer starts a server on a free port, which writes its log into the buffer.
func newServer(t *testing.T, m model.Model) (url string, registry *prometheus.Registry, log *bytes.Buffer) {
	t.Helper()
	registry, log = prometheus.NewRegistry(), &bytes.Buffer{}
	handler, err := Handler(Options{"m.v1", []string{"<joy>", "sadness"}, m, registry, slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL, registry, log
}

// exchange sends one request and returns the reply as "status body".
func exchange(t *testing.T, method, url, body string) (string, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
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

func TestV1(t *testing.T) {
	const predict = "POST /v1/models/m.v1:predict "
	url, _, log := newServer(t, model.Func(byMood))
	for name, test := range map[string]struct{ request, want string }{
		"alive":           {"GET / ", `200 {"status":"alive"}`},
		"list":            {"GET /v1/models ", `200 {"models":["m.v1"]}`},
		"ready":           {"GET /v1/models/m.v1 ", `200 {"name":"m.v1","ready":"True"}`},
		"not ready":       {"GET /v1/models/x ", `404 {"error":"Model with name x does not exist."}`},
		"head":            {"HEAD /v1/models/m.v1 ", `200 `},
		"no path":         {"GET /v2 ", `404 {"error":"no such path; try /v1/models"}`},
		"escaped name":    {"GET /v1/models/m%2Ev1 ", `200 {"name":"m.v1","ready":"True"}`},
		"method ready":    {"POST /v1/models/m.v1 {}", `405 {"error":"wrong method for this path; want GET, HEAD"}`},
		"method predict":  {"GET /v1/models/m.v1:predict ", `405 {"error":"wrong method for this path; want POST"}`},
		"unknown model":   {`POST /v1/models/x:predict {"input":"a"}`, `404 {"error":"Model with name x does not exist."}`},
		"input":           {predict + `{"input":"fine"}`, `200 {"predictions":[` + joy + `]}`},
		"input list":      {predict + `{"input":["sad","fine"]}`, `200 {"predictions":[` + sadness + `,` + joy + `]}`},
		"instances":       {predict + `{"instances":["fine","sad","fine"]}`, `200 {"predictions":[` + joy + `,` + sadness + `,` + joy + `]}`},
		"empty instances": {predict + `{"instances":[]}`, `200 {"predictions":[]}`},
		"empty text":      {predict + `{"input":""}`, `200 {"predictions":[` + joy + `]}`},
		"other keys":      {predict + `{"parameters":{"top_k":1},"input":"fine"}`, `200 {"predictions":[` + joy + `]}`},
		"no body":         {predict, `400 {"error":"the body is not JSON (byte 0)"}`},
		"not JSON":        {predict + `{"input":"secret" oops}`, `400 {"error":"the body is not JSON (byte 19)"}`},
		"cut":             {predict + `{"input":"secr`, `400 {"error":"the body is not JSON (byte 14)"}`},
		"two objects":     {predict + `{"input":"a"}{"input":"secret"}`, `400 {"error":"the body is not JSON (byte 14)"}`},
		"not an object":   {predict + `["secret"]`, `400 {"error":"the body is not a JSON object"}`},
		"no texts":        {predict + `{"inptu":"secret"}`, `400 {"error":"the body has no texts; want {\"input\": \"...\"} or {\"instances\": [\"...\", ...]}"}`},
		"both keys":       {predict + `{"input":"secret","instances":[]}`, `400 {"error":"the body has both \"input\" and \"instances\"; want one of them"}`},
		"input number":    {predict + `{"input":7}`, `400 {"error":"\"input\" must be a string or a list of strings"}`},
		"input null":      {predict + `{"input":null}`, `400 {"error":"\"input\" must be a string or a list of strings"}`},
		"instances text":  {predict + `{"instances":"secret"}`, `400 {"error":"\"instances\" must be a list of strings"}`},
		"instances mixed": {predict + `{"instances":["secret",1]}`, `400 {"error":"\"instances\" must be a list of strings"}`},
		"instances null":  {predict + `{"instances":["secret",null]}`, `400 {"error":"\"instances\" must be a list of strings; number 2 is null"}`},
		"too many texts":  {predict + `{"instances":["a"` + strings.Repeat(`,"a"`, maxTexts) + `]}`, `400 {"error":"1001 texts in one request; send at most 1000"}`},
		"body too large":  {predict + `{"input":"` + strings.Repeat("a", maxBody) + `"}`, `413 {"error":"the body is larger than 1048576 bytes; send fewer texts at once"}`},
	} {
		t.Run(name, func(t *testing.T) {
			method, rest, _ := strings.Cut(test.request, " ")
			path, body, _ := strings.Cut(rest, " ")
			got, header := exchange(t, method, url+path, body)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if kind := header.Get("Content-Type"); kind != "application/json" {
				t.Errorf("content-type %q", kind)
			}
			if header.Get("Content-Length") == "" {
				t.Error("no content-length")
			}
		})
	}
	if strings.Contains(log.String(), "secret") {
		t.Errorf("the log holds a request's text:\n%s", log)
	}
}

// TestLargeReply: net/http sets the content length of small replies only.
func TestLargeReply(t *testing.T) {
	url, _, _ := newServer(t, model.Func(byMood))
	body := `{"instances":["a"` + strings.Repeat(`,"a"`, maxTexts-1) + `]}`
	got, header := exchange(t, "POST", url+"/v1/models/m.v1:predict", body)
	want := `200 {"predictions":[` + joy + strings.Repeat(","+joy, maxTexts-1) + `]}`
	if got != want {
		t.Errorf("%d bytes, want %d: %.100s", len(got), len(want), got)
	}
	if length := header.Get("Content-Length"); length != fmt.Sprint(len(want)-len("200 ")) {
		t.Errorf("content-length %s", length)
	}
}

func TestMetrics(t *testing.T) {
	url, registry, _ := newServer(t, model.Func(byMood))
	exchange(t, "POST", url+"/v1/models/m.v1:predict", `{"instances":["fine","sad","fine"]}`)
	exchange(t, "POST", url+"/v1/models/m.v1:predict", `{"instances":[7]}`)
	want := `
# HELP modelserver_answers_total Texts answered, by the label with the highest score.
# TYPE modelserver_answers_total counter
modelserver_answers_total{label="<joy>",model="m.v1"} 2
modelserver_answers_total{label="sadness",model="m.v1"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "modelserver_answers_total"); err != nil {
		t.Error(err)
	}
	if count, err := testutil.GatherAndCount(registry, "modelserver_request_duration_seconds"); err != nil || count != 2 {
		t.Errorf("%d series of durations (%v), want one for 200 and one for 400", count, err)
	}
}

type broken struct{}

func (broken) Predict(context.Context, []string) ([]model.Prediction, error) {
	return nil, errors.New("no memory for the tensor")
}

func TestModelFails(t *testing.T) {
	url, registry, log := newServer(t, broken{})
	got, _ := exchange(t, "POST", url+"/v1/models/m.v1:predict", `{"input":"secret"}`)
	if want := `500 {"error":"the model failed; the model server's log has the cause"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if line := log.String(); !strings.Contains(line, "no memory for the tensor") || strings.Contains(line, "secret") {
		t.Errorf("log: %s", line)
	}
	if count, err := testutil.GatherAndCount(registry, "modelserver_answers_total"); err != nil || count != 2 {
		t.Errorf("%d series (%v), want the two labels at 0", count, err)
	}
}
