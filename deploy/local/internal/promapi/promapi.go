// Package promapi serves the endpoints of Prometheus's HTTP API that Grafana,
// dashgen and the local stack's own checks call. Each request is answered by
// Prometheus's own engine, storage, scrape manager and rule manager.
//
// Prometheus's web/api/v1 is not used, because compiling its OpenAPI, remote
// write and OTLP libraries takes a quarter of a cold build. Parameters, results
// and errors follow https://prometheus.io/docs/prometheus/latest/querying/api/.
package promapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// Options are the parts of Prometheus that the API reads.
type Options struct {
	Engine  *promql.Engine
	Storage storage.Queryable
	Parser  parser.Parser
	Scrapes *scrape.Manager
	Rules   *rules.Manager
}

// endpoint answers one request. The error decides the status code.
type endpoint func(r *http.Request) (data any, warnings annotations.Annotations, err error)

// Handler returns a handler for /api/v1, /-/ready and /-/healthy.
func Handler(options Options) http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]endpoint{
		"GET /api/v1/query":               options.query,
		"POST /api/v1/query":              options.query,
		"GET /api/v1/query_range":         options.queryRange,
		"POST /api/v1/query_range":        options.queryRange,
		"GET /api/v1/series":              options.series,
		"POST /api/v1/series":             options.series,
		"GET /api/v1/labels":              options.labelNames,
		"POST /api/v1/labels":             options.labelNames,
		"GET /api/v1/label/{name}/values": options.labelValues,
		"GET /api/v1/metadata":            options.metadata,
		"GET /api/v1/targets":             options.targets,
		"GET /api/v1/rules":               options.rules,
		"GET /api/v1/alerts":              options.alerts,
		"GET /api/v1/status/buildinfo":    buildInfo,
	} {
		mux.Handle(pattern, serve)
	}
	mux.HandleFunc("GET /-/ready", text("Prometheus Server is Ready.\n"))
	mux.HandleFunc("GET /-/healthy", text("Prometheus Server is Healthy.\n"))
	return mux
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(body)) // a client that has left needs no answer
	}
}

// response is the envelope of each JSON body.
type response struct {
	Status    string   `json:"status"`
	Data      any      `json:"data,omitempty"`
	ErrorType string   `json:"errorType,omitempty"`
	Error     string   `json:"error,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
	Infos     []string `json:"infos,omitempty"`
}

// maxAnnotations is Prometheus's limit of warnings, and of infos, per response.
const maxAnnotations = 10

func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, annotated, err := e(r)
	body, status := response{Status: "success", Data: data}, http.StatusOK
	body.Warnings, body.Infos = annotated.AsStrings(r.FormValue("query"), maxAnnotations, maxAnnotations)
	if err != nil {
		body = response{Status: "error", Error: err.Error()}
		body.ErrorType, status = classify(err)
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // a client that has left needs no answer
}

// badData marks an error of the client's request.
type badData struct{ error }

func (e badData) Unwrap() error { return e.error }

const statusClientClosedConnection = 499

// classify returns the error's type in Prometheus's API, and its HTTP status.
func classify(err error) (errorType string, status int) {
	var (
		bad      badData
		canceled promql.ErrQueryCanceled
		timeout  promql.ErrQueryTimeout
		failed   promql.ErrStorage
	)
	switch {
	case errors.As(err, &bad):
		return "bad_data", http.StatusBadRequest
	case errors.As(err, &canceled), errors.Is(err, context.Canceled):
		return "canceled", statusClientClosedConnection
	case errors.As(err, &timeout):
		return "timeout", http.StatusServiceUnavailable
	case errors.As(err, &failed):
		return "internal", http.StatusInternalServerError
	}
	return "execution", http.StatusUnprocessableEntity
}

func buildInfo(*http.Request) (any, annotations.Annotations, error) {
	return map[string]string{
		"version": "library", "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": runtime.Version(),
	}, nil, nil
}
