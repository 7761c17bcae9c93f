// Package protocol speaks KServe's V1 inference protocol over HTTP for one model.
package protocol

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moodring/moodring/modelserver/internal/model"
)

const (
	// maxBody bounds what one request holds in memory.
	maxBody = 1 << 20
	// maxTexts bounds how long one request keeps the model busy.
	maxTexts = 1000
	// maxInFlight bounds how many bodies are in memory; the next request waits, unread, for its turn.
	maxInFlight = 64
)

// Options is what a handler serves.
type Options struct {
	Name       string   // the model's name in paths
	Labels     []string // every label the model can answer
	Model      model.Model
	Registerer prometheus.Registerer
	Log        *slog.Logger
}

type server struct {
	name    string
	model   model.Model
	metrics *metrics
	log     *slog.Logger
	slots   chan struct{}
}

// Handler answers `/`, `/v1/models`, `/v1/models/NAME` and `/v1/models/NAME:predict`, and registers its metrics.
func Handler(options Options) (http.Handler, error) {
	metrics, err := newMetrics(options.Registerer, options.Name, options.Labels)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return &server{options.Name, options.Model, metrics, options.Log, make(chan struct{}, maxInFlight)}, nil
}

// fault is an error with the HTTP status that tells it.
type fault struct {
	code    int
	message string
}

func (f *fault) Error() string { return f.message }

// ServeHTTP finds the route itself: no pattern of http.ServeMux matches a name with a verb behind a colon.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target, isModel := strings.CutPrefix(r.URL.Path, "/v1/models/")
	name, isPredict := strings.CutSuffix(target, ":predict")
	switch {
	case isModel && isPredict:
		s.predictRoute(w, r, name)
	case isModel:
		s.get(w, r, readyV1{s.name, "True"}, s.known(name))
	case r.URL.Path == "/v1/models":
		s.get(w, r, modelsV1{[]string{s.name}}, nil)
	case r.URL.Path == "/":
		s.get(w, r, aliveV1{"alive"}, nil)
	default:
		s.write(w, nil, &fault{http.StatusNotFound, "no such path; try /v1/models"})
	}
}

// known gives KServe's own words for a model that it does not have.
func (s *server) known(name string) error {
	if name == s.name {
		return nil
	}
	return &fault{http.StatusNotFound, fmt.Sprintf("Model with name %s does not exist.", name)}
}

func (s *server) get(w http.ResponseWriter, r *http.Request, value any, err error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		err = notAllowed(w, "GET, HEAD")
	}
	s.write(w, value, err)
}

func notAllowed(w http.ResponseWriter, allowed string) error {
	w.Header().Set("Allow", allowed)
	return &fault{http.StatusMethodNotAllowed, "wrong method for this path; want " + allowed}
}

func (s *server) predictRoute(w http.ResponseWriter, r *http.Request, name string) {
	started := time.Now()
	answers, err := s.predict(w, r, name)
	code := s.write(w, predictionsV1{answers}, err)
	s.metrics.duration.WithLabelValues(strconv.Itoa(code)).Observe(time.Since(started).Seconds())
}

func (s *server) predict(w http.ResponseWriter, r *http.Request, name string) ([]model.Answer, error) {
	if r.Method != http.MethodPost {
		return nil, notAllowed(w, "POST")
	}
	if err := s.known(name); err != nil {
		return nil, err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-r.Context().Done():
		return nil, errGaveUp
	}
	texts, err := readTexts(w, r)
	if err != nil {
		return nil, err
	}
	answers, err := s.model.Predict(r.Context(), texts)
	if r.Context().Err() != nil {
		return nil, errGaveUp
	}
	if err != nil {
		s.log.Error("the model failed", "model", s.name, "texts", len(texts), "error", err)
		return nil, &fault{http.StatusInternalServerError, "the model failed; its server's log says why"}
	}
	s.metrics.count(answers)
	return answers, nil
}

// errGaveUp reaches nobody but the metrics: the caller hung up.
var errGaveUp = &fault{http.StatusServiceUnavailable, "the caller gave up"}

func readTexts(w http.ResponseWriter, r *http.Request) ([]string, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, &fault{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes; send fewer texts at once", maxBody)}
	}
	if err != nil {
		return nil, &fault{http.StatusBadRequest, "the body ended before its time"}
	}
	texts, err := decodeV1(body)
	if err != nil {
		return nil, &fault{http.StatusBadRequest, err.Error()}
	}
	if len(texts) > maxTexts {
		return nil, &fault{http.StatusBadRequest, fmt.Sprintf("%d texts in one request; send at most %d", len(texts), maxTexts)}
	}
	return texts, nil
}

// write sends value, or the error in its place, and returns the status it sent.
func (s *server) write(w http.ResponseWriter, value any, err error) int {
	code := http.StatusOK
	if err != nil {
		code, value = http.StatusInternalServerError, errorV1{err.Error()}
		if found := new(fault); errors.As(err, &found) {
			code = found.code
		}
	}
	body, err := encode(value)
	if err != nil {
		code, body = http.StatusInternalServerError, []byte(`{"error":"the reply could not be written as JSON"}`)
		s.log.Error("a reply could not be written as JSON", "error", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	if _, err := w.Write(body); err != nil {
		s.log.Debug("the caller left before the reply was sent", "error", err)
	}
	return code
}
