// Package protocol serves one model over HTTP with KServe's V1 inference protocol.
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
	// maxBody limits the memory of one request, in bytes.
	maxBody = 1 << 20
	// maxTexts limits the time that one request keeps the model busy.
	maxTexts = 1000
	// maxInFlight limits the number of bodies in memory. Further requests wait, and their bodies are not read.
	maxInFlight = 64
)

// Options configure a handler.
type Options struct {
	Name       string   // the model's name in paths
	Labels     []string // every label that the model can predict
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

// Handler returns a handler for `/`, `/v1/models`, `/v1/models/NAME` and `/v1/models/NAME:predict`, and registers its
// metrics.
func Handler(options Options) (http.Handler, error) {
	metrics, err := newMetrics(options.Registerer, options.Name, options.Labels)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return &server{options.Name, options.Model, metrics, options.Log, make(chan struct{}, maxInFlight)}, nil
}

// statusError is an error with its HTTP status.
type statusError struct {
	code    int
	message string
}

func (f *statusError) Error() string { return f.message }

// ServeHTTP does not use http.ServeMux, because none of its patterns matches a name with a verb after a colon.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target, isModel := strings.CutPrefix(r.URL.Path, "/v1/models/")
	name, isPredict := strings.CutSuffix(target, ":predict")
	switch {
	case isModel && isPredict:
		s.predictRoute(w, r, name)
	case isModel:
		s.get(w, r, readyV1{s.name, "True"}, s.checkName(name))
	case r.URL.Path == "/v1/models":
		s.get(w, r, modelsV1{[]string{s.name}}, nil)
	case r.URL.Path == "/":
		s.get(w, r, aliveV1{"alive"}, nil)
	default:
		s.write(w, nil, &statusError{http.StatusNotFound, "no such path; try /v1/models"})
	}
}

// checkName returns an error for an unknown model, with KServe's own text.
func (s *server) checkName(name string) error {
	if name == s.name {
		return nil
	}
	return &statusError{http.StatusNotFound, fmt.Sprintf("Model with name %s does not exist.", name)}
}

func (s *server) get(w http.ResponseWriter, r *http.Request, value any, err error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		err = notAllowed(w, "GET, HEAD")
	}
	s.write(w, value, err)
}

func notAllowed(w http.ResponseWriter, allowed string) error {
	w.Header().Set("Allow", allowed)
	return &statusError{http.StatusMethodNotAllowed, "wrong method for this path; want " + allowed}
}

func (s *server) predictRoute(w http.ResponseWriter, r *http.Request, name string) {
	started := time.Now()
	predictions, err := s.predict(w, r, name)
	code := s.write(w, predictionsV1{predictions}, err)
	s.metrics.duration.WithLabelValues(strconv.Itoa(code)).Observe(time.Since(started).Seconds())
}

func (s *server) predict(w http.ResponseWriter, r *http.Request, name string) ([]model.Prediction, error) {
	if r.Method != http.MethodPost {
		return nil, notAllowed(w, "POST")
	}
	if err := s.checkName(name); err != nil {
		return nil, err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-r.Context().Done():
		return nil, errClientGone
	}
	texts, err := readTexts(w, r)
	if err != nil {
		return nil, err
	}
	predictions, err := s.model.Predict(r.Context(), texts)
	if r.Context().Err() != nil {
		return nil, errClientGone
	}
	if err != nil {
		s.log.Error("the model failed", "model", s.name, "texts", len(texts), "error", err)
		return nil, &statusError{http.StatusInternalServerError, "the model failed; the model server's log has the cause"}
	}
	s.metrics.count(predictions)
	return predictions, nil
}

// errClientGone only sets the status in the metrics: the client has closed the connection.
var errClientGone = &statusError{http.StatusServiceUnavailable, "the client closed the connection"}

func readTexts(w http.ResponseWriter, r *http.Request) ([]string, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, &statusError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes; send fewer texts at once", maxBody)}
	}
	if err != nil {
		return nil, &statusError{http.StatusBadRequest, "the body ended too early"}
	}
	texts, err := decodeV1(body)
	if err != nil {
		return nil, &statusError{http.StatusBadRequest, err.Error()}
	}
	if len(texts) > maxTexts {
		return nil, &statusError{http.StatusBadRequest, fmt.Sprintf("%d texts in one request; send at most %d", len(texts), maxTexts)}
	}
	return texts, nil
}

// write sends value, or err if err is not nil, and returns the HTTP status.
func (s *server) write(w http.ResponseWriter, value any, err error) int {
	code := http.StatusOK
	if err != nil {
		code, value = http.StatusInternalServerError, errorV1{err.Error()}
		if known := new(statusError); errors.As(err, &known) {
			code = known.code
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
		s.log.Debug("the client left before the reply was sent", "error", err)
	}
	return code
}
