// Package web serves the models over HTTP, by KServe's V1 protocol and the Open Inference Protocol (V2).
package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moodring/moodring/modelserver/internal/body"
	"github.com/moodring/moodring/modelserver/internal/metric"
	"github.com/moodring/moodring/modelserver/internal/model"
	"github.com/moodring/moodring/modelserver/internal/problem"
	"github.com/moodring/moodring/modelserver/internal/strictjson"
	"github.com/moodring/moodring/modelserver/internal/tensor"
	v1 "github.com/moodring/moodring/modelserver/internal/v1"
	v2 "github.com/moodring/moodring/modelserver/internal/v2"
)

// HeaderTruncated is a reply's header for the number of cut texts.
const HeaderTruncated = "X-Truncated-Texts"

// Options configure a handler.
type Options struct {
	Models  *model.Repository
	Bodies  *body.Reader
	Metrics *metric.Metrics
	Version string // of the server
	Log     *slog.Logger
}

type server struct {
	Options
	metrics http.Handler
}

// Handler returns the handler of all paths.
func Handler(options Options) http.Handler {
	return &server{options, options.Metrics.Handler()}
}

// ServeHTTP routes by hand: a pattern of http.ServeMux cannot match a name with a verb after a colon, as in NAME:predict.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	segments := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch segments[0] {
	case "v1":
		s.serveV1(w, r, segments[1:])
	case "v2":
		s.serveV2(w, r, segments[1:])
	case "metrics":
		s.limitSending(w)
		s.metrics.ServeHTTP(w, r)
	case "healthz":
		s.get(w, r, map[string]string{"status": "alive"}, nil)
	case "readyz":
		s.get(w, r, map[string]string{"status": "ready"}, s.checkReady())
	case "":
		s.get(w, r, map[string]string{"status": "alive"}, nil)
	default:
		s.fail(w, errNoPath)
	}
}

var errNoPath = problem.New(problem.NotFound, "no such path; try /v1/models or /v2")

func (s *server) checkReady() error {
	if s.Models.Ready() {
		return nil
	}
	return problem.New(problem.Busy, "the server is not ready")
}

// serveV1 serves /v1/models, /v1/models/NAME, NAME:predict and NAME:explain.
func (s *server) serveV1(w http.ResponseWriter, r *http.Request, segments []string) {
	switch {
	case len(segments) == 1 && segments[0] == "models":
		s.get(w, r, map[string][]string{"models": s.Models.Names()}, nil)
	case len(segments) == 2 && segments[0] == "models":
		s.serveModelV1(w, r, segments[1])
	default:
		s.fail(w, errNoPath)
	}
}

func (s *server) serveModelV1(w http.ResponseWriter, r *http.Request, target string) {
	if name, ok := strings.CutSuffix(target, ":predict"); ok {
		s.predict(w, r, call{"v1", name, s.predictV1})
		return
	}
	if name, ok := strings.CutSuffix(target, ":explain"); ok {
		s.explain(w, r, name)
		return
	}
	// KServe's own servers write the readiness as a text.
	ready := struct {
		Name  string `json:"name"`
		Ready string `json:"ready"`
	}{target, "True"}
	s.get(w, r, ready, s.Models.Check(target))
}

func (s *server) explain(w http.ResponseWriter, r *http.Request, name string) {
	err := s.Models.Check(name)
	switch {
	case r.Method != http.MethodPost:
		err = notAllowed(w, "POST")
	case err == nil:
		err = problem.New(problem.NotImplemented, "the model has no explainer; the protocol's :predict gives every label's score")
	}
	s.fail(w, err)
}

// call is a request for predictions.
type call struct {
	protocol, name string
	answer         func(w http.ResponseWriter, r *http.Request, m *model.Model, body []byte) (reply, error)
}

// reply is a reply with predictions.
type reply struct {
	body         []byte
	headerLength int // of the JSON before binary tensors, or 0
}

func (s *server) predict(w http.ResponseWriter, r *http.Request, c call) {
	started := time.Now()
	code := s.answer(w, r, c)
	if slices.Contains(s.Models.Names(), c.name) {
		s.Metrics.Requests.WithLabelValues(c.name, c.protocol, strconv.Itoa(code)).Observe(time.Since(started).Seconds())
	}
}

// answer makes the reply, gives the body and the model back, and then sends the reply: a slow reader holds the reply alone.
func (s *server) answer(w http.ResponseWriter, r *http.Request, c call) int {
	out, err := s.reply(w, r, c)
	if err != nil {
		return s.fail(w, err)
	}
	return s.send(w, r, out)
}

// reply reads the body first and takes the model second: a caller whose body never arrives does not hold the model.
func (s *server) reply(w http.ResponseWriter, r *http.Request, c call) (reply, error) {
	if r.Method != http.MethodPost {
		return reply{}, notAllowed(w, "POST")
	}
	if err := s.Models.Known(c.name); err != nil {
		return reply{}, err
	}
	read, err := s.Bodies.Read(w, r)
	if err != nil {
		return reply{}, err
	}
	defer read.Release()
	m, release, err := s.Models.Acquire(c.name)
	if err != nil {
		return reply{}, err
	}
	defer release()
	return c.answer(w, r, m, read.Bytes)
}

func (s *server) predictV1(w http.ResponseWriter, r *http.Request, m *model.Model, body []byte) (reply, error) {
	texts, err := v1.Decode(body)
	if err != nil {
		return reply{}, problem.Refuse(err)
	}
	answer, err := ask(w, r, m, texts)
	if err != nil {
		return reply{}, err
	}
	out, err := v1.Encode(answer)
	return reply{body: out}, err
}

// ask gets the model's answer, and tells the caller the number of cut texts.
func ask(w http.ResponseWriter, r *http.Request, m *model.Model, texts []string) (*model.Answer, error) {
	if len(texts) > tensor.MaxTexts {
		return nil, problem.New(problem.TooLarge, "%d texts in one request; send at most %d", len(texts), tensor.MaxTexts)
	}
	answer, err := m.Predict(r.Context(), texts)
	if err == nil && answer.Truncated > 0 {
		w.Header().Set(HeaderTruncated, strconv.Itoa(answer.Truncated))
	}
	return answer, err
}

func notAllowed(w http.ResponseWriter, allowed string) error {
	w.Header().Set("Allow", allowed)
	return problem.New(problem.Method, "wrong method for this path; want %s", allowed)
}

// get answers a GET or HEAD request with a value, or with err.
func (s *server) get(w http.ResponseWriter, r *http.Request, value any, err error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		err = notAllowed(w, "GET, HEAD")
	}
	if err != nil {
		s.fail(w, err)
		return
	}
	out, err := strictjson.Write(value)
	if err != nil {
		s.fail(w, err)
		return
	}
	s.write(w, http.StatusOK, "application/json", out)
}

// fail sends a refusal in KServe's form, and returns its status.
func (s *server) fail(w http.ResponseWriter, err error) int {
	refusal := problem.Of(err)
	if refusal.Kind == problem.Busy {
		w.Header().Set("Retry-After", "1")
	}
	out, err := strictjson.Write(map[string]string{"error": refusal.Message})
	if err != nil {
		out = []byte(`{"error":"the error could not be written as JSON"}`)
	}
	s.write(w, refusal.HTTP(), "application/json", out)
	return refusal.HTTP()
}

// send sends predictions.
func (s *server) send(w http.ResponseWriter, r *http.Request, out reply) int {
	contentType := "application/json"
	if out.headerLength > 0 {
		contentType = "application/octet-stream"
		w.Header().Set(v2.HeaderLength, strconv.Itoa(out.headerLength))
	}
	content, err := compress(w, r, out.body)
	if err != nil {
		return s.fail(w, fmt.Errorf("the reply could not be compressed: %w", err))
	}
	s.write(w, http.StatusOK, contentType, content)
	return http.StatusOK
}

// sendTime is the longest time for sending a reply.
const sendTime = 30 * time.Second

// limitSending sets the deadline of a reply. Every reply needs a deadline of its own: a connection keeps the deadline of its last reply.
func (s *server) limitSending(w http.ResponseWriter) {
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendTime)); err != nil {
		s.Log.Debug("a reply has no deadline", "error", err)
	}
}

func (s *server) write(w http.ResponseWriter, code int, contentType string, content []byte) {
	s.limitSending(w)
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(code)
	if _, err := w.Write(content); err != nil {
		s.Log.Debug("the caller left before the reply was sent", "error", err)
	}
}
