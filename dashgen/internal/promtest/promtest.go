// Package promtest serves series over Prometheus's HTTP API, with Prometheus's
// own storage, PromQL engine and rules, for tests.
package promtest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
)

// maxSamples is how many samples a query may load: an hour of all there is.
const maxSamples = 10_000_000

// prometheus is the server behind a test.
type prometheus struct {
	engine *promql.Engine
	stored storage.Queryable
	now    time.Time
	types  map[string]string
}

// Server serves series, written as for promtool's unit tests ("load 1m" and a
// line for each series), as they are at time at; "# TYPE name type" gives a
// metric's type. Queries without a time are answered as of at. The rule files in
// rules were evaluated each minute of the last five. The server ends with the test.
func Server(t testing.TB, series string, at time.Duration, rules ...string) *httptest.Server {
	t.Helper()
	stored := promqltest.LoadedStorage(t, withoutTypes(series))
	p := prometheus{
		engine: promqltest.NewTestEngine(t, false, 0, maxSamples),
		stored: stored,
		now:    time.Unix(0, 0).Add(at),
		types:  types(series),
	}
	record(t, stored, p.engine, rules, at)
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/query", p.query)
	mux.HandleFunc("/api/v1/query_range", p.queryRange)
	mux.HandleFunc("/api/v1/metadata", p.metadata)
	mux.HandleFunc("/api/v1/label/{name}/values", p.labelValues)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

const typeLine = "# TYPE "

func types(series string) map[string]string {
	known := map[string]string{}
	for _, line := range strings.Split(series, "\n") {
		if fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), typeLine)); len(fields) == 2 && strings.Contains(line, typeLine) {
			known[fields[0]] = fields[1]
		}
	}
	return known
}

func withoutTypes(series string) string {
	var kept []string
	for _, line := range strings.Split(series, "\n") {
		if !strings.Contains(line, typeLine) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

type data struct {
	Type   string `json:"resultType"`
	Result any    `json:"result"`
}

// query follows "Instant queries" of Prometheus's HTTP API documentation.
func (p prometheus) query(w http.ResponseWriter, r *http.Request) {
	at := p.now
	if text := r.FormValue("time"); text != "" {
		at = moment(text)
	}
	asked, err := p.engine.NewInstantQuery(r.Context(), p.stored, nil, r.FormValue("query"), at)
	answer(r.Context(), w, asked, err)
}

// queryRange follows "Range queries" there.
func (p prometheus) queryRange(w http.ResponseWriter, r *http.Request) {
	step, err := strconv.ParseFloat(r.FormValue("step"), 64)
	if err != nil {
		refuse(w, http.StatusBadRequest, "bad_data", err)
		return
	}
	asked, err := p.engine.NewRangeQuery(r.Context(), p.stored, nil, r.FormValue("query"),
		moment(r.FormValue("start")), moment(r.FormValue("end")), time.Duration(step*float64(time.Second)))
	answer(r.Context(), w, asked, err)
}

// moment reads a time in seconds; one that is none is the epoch.
func moment(text string) time.Time {
	seconds, _ := strconv.ParseFloat(text, 64)
	return time.UnixMilli(int64(seconds * 1000))
}

// metadata follows "Querying metric metadata" there.
func (p prometheus) metadata(w http.ResponseWriter, _ *http.Request) {
	known := map[string]any{}
	for name, kind := range p.types {
		known[name] = []map[string]string{{"type": kind, "help": "", "unit": ""}}
	}
	reply(w, http.StatusOK, map[string]any{"status": "success", "data": known})
}

func answer(ctx context.Context, w http.ResponseWriter, asked promql.Query, err error) {
	if err != nil {
		refuse(w, http.StatusBadRequest, "bad_data", err)
		return
	}
	defer asked.Close()
	result := asked.Exec(ctx)
	if result.Err != nil {
		refuse(w, http.StatusUnprocessableEntity, "execution", result.Err)
		return
	}
	warnings, infos := result.Warnings.AsStrings("", 10, 10)
	reply(w, http.StatusOK, map[string]any{
		"status": "success", "warnings": warnings, "infos": infos,
		"data": data{string(result.Value.Type()), listed(result.Value)},
	})
}

// listed writes nothing as an empty list, as Prometheus does.
func listed(value parser.Value) any {
	switch v := value.(type) {
	case promql.Vector:
		return append(promql.Vector{}, v...)
	case promql.Matrix:
		return append(promql.Matrix{}, v...)
	}
	return value
}

func refuse(w http.ResponseWriter, code int, kind string, err error) {
	reply(w, code, map[string]any{"status": "error", "errorType": kind, "error": err.Error()})
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
