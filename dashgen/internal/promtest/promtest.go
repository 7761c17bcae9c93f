// Package promtest serves series over Prometheus's HTTP API, with Prometheus's
// own storage and PromQL engine, for tests.
package promtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
)

// Server serves series, written as for promtool's unit tests ("load 1m" and a
// line for each series), as they are at time at. Queries without a time are
// answered as of at. The server ends with the test.
func Server(t testing.TB, series string, at time.Duration) *httptest.Server {
	t.Helper()
	stored := promqltest.LoadedStorage(t, series)
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)
	now := time.Unix(0, 0).Add(at)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/query" {
			http.NotFound(w, r)
			return
		}
		answer(w, r, engine, stored, now)
	}))
	t.Cleanup(server.Close)
	return server
}

type data struct {
	Type   string `json:"resultType"`
	Result any    `json:"result"`
}

// answer follows "Instant queries" of Prometheus's HTTP API documentation.
func answer(w http.ResponseWriter, r *http.Request, engine *promql.Engine, stored storage.Queryable, now time.Time) {
	asked, err := engine.NewInstantQuery(r.Context(), stored, nil, r.FormValue("query"), now)
	if err != nil {
		reply(w, http.StatusBadRequest, map[string]any{"status": "error", "errorType": "bad_data", "error": err.Error()})
		return
	}
	defer asked.Close()
	result := asked.Exec(r.Context())
	if result.Err != nil {
		reply(w, http.StatusUnprocessableEntity, map[string]any{"status": "error", "errorType": "execution", "error": result.Err.Error()})
		return
	}
	warnings, infos := result.Warnings.AsStrings(r.FormValue("query"), 10, 10)
	reply(w, http.StatusOK, map[string]any{
		"status": "success", "warnings": warnings, "infos": infos,
		"data": data{string(result.Value.Type()), result.Value},
	})
}

func reply(w http.ResponseWriter, code int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(text) // a client that went away needs no answer
}
