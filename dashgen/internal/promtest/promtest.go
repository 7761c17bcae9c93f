// Package promtest serves series over Prometheus's HTTP API, for tests. Queries
// are answered by Prometheus's own PromQL engine.
package promtest

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// maxSamples limits how many samples one query may load.
const maxSamples = 10_000_000

const queryTimeout = 100 * time.Second

// prometheus answers the requests of a test.
type prometheus struct {
	engine *promql.Engine
	stored *memory
	now    time.Time
}

// Server serves series until the test ends. The series are written as for
// promtool's unit tests: "load 1m" sets the interval, and each line after it
// holds a series and its values, the first one at time 0. A line "# TYPE name
// type" sets a metric's type. A query without a time is evaluated at the time at.
// The recording rules in the rule files were evaluated each minute of the last
// five.
func Server(t testing.TB, series string, at time.Duration, ruleFiles ...string) *httptest.Server {
	t.Helper()
	stored, err := parse(series)
	if err != nil {
		t.Fatal(err)
	}
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples:               maxSamples,
		Timeout:                  queryTimeout,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		Parser:                   parser.NewParser(parser.Options{}),
	})
	record(t, stored, engine, ruleFiles, at)
	p := prometheus{engine, stored, time.Unix(0, 0).Add(at)}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/query", p.query)
	mux.HandleFunc("/api/v1/query_range", p.queryRange)
	mux.HandleFunc("/api/v1/metadata", p.metadata)
	mux.HandleFunc("/api/v1/label/{name}/values", p.labelValues)
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// query implements "Instant queries" of Prometheus's HTTP API.
func (p prometheus) query(w http.ResponseWriter, r *http.Request) {
	at := p.now
	if text := r.FormValue("time"); text != "" {
		at = parseTime(text)
	}
	query, err := p.engine.NewInstantQuery(r.Context(), p.stored, nil, r.FormValue("query"), at)
	respond(r.Context(), w, query, err)
}

// queryRange implements "Range queries" of Prometheus's HTTP API.
func (p prometheus) queryRange(w http.ResponseWriter, r *http.Request) {
	step, err := strconv.ParseFloat(r.FormValue("step"), 64)
	if err != nil {
		writeError(w, http.StatusBadRequest, "bad_data", err)
		return
	}
	query, err := p.engine.NewRangeQuery(r.Context(), p.stored, nil, r.FormValue("query"),
		parseTime(r.FormValue("start")), parseTime(r.FormValue("end")), time.Duration(step*float64(time.Second)))
	respond(r.Context(), w, query, err)
}

// parseTime reads seconds since the epoch. A text that is not a number is 0.
func parseTime(text string) time.Time {
	seconds, _ := strconv.ParseFloat(text, 64)
	return time.UnixMilli(int64(seconds * 1000))
}

// metadata implements "Querying metric metadata" of Prometheus's HTTP API.
func (p prometheus) metadata(w http.ResponseWriter, _ *http.Request) {
	known := map[string]any{}
	for name, kind := range p.stored.types {
		known[name] = []map[string]string{{"type": kind, "help": "", "unit": ""}}
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": "success", "data": known})
}

// labelValues implements "Querying label values" of Prometheus's HTTP API.
func (p prometheus) labelValues(w http.ResponseWriter, r *http.Request) {
	var matchers []*labels.Matcher
	if selector := r.FormValue("match[]"); selector != "" {
		var err error
		if matchers, err = parser.NewParser(parser.Options{}).ParseMetricSelector(selector); err != nil {
			writeError(w, http.StatusBadRequest, "bad_data", err)
			return
		}
	}
	all := querier{p.stored, math.MinInt64, math.MaxInt64}
	values, _, err := all.LabelValues(r.Context(), r.PathValue("name"), nil, matchers...)
	if err != nil {
		writeError(w, http.StatusInternalServerError, "internal", err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": "success", "data": values})
}

type queryData struct {
	Type   string `json:"resultType"`
	Result any    `json:"result"`
}

// respond runs a query, unless err says that the query is invalid, and writes
// the result.
func respond(ctx context.Context, w http.ResponseWriter, query promql.Query, err error) {
	if err != nil {
		writeError(w, http.StatusBadRequest, "bad_data", err)
		return
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		writeError(w, http.StatusUnprocessableEntity, "execution", result.Err)
		return
	}
	warnings, infos := result.Warnings.AsStrings("", 10, 10)
	writeJSON(w, http.StatusOK, map[string]any{
		"status": "success", "warnings": warnings, "infos": infos,
		"data": queryData{string(result.Value.Type()), notNull(result.Value)},
	})
}

// notNull makes an empty result an empty JSON list, as Prometheus does.
func notNull(value parser.Value) any {
	switch v := value.(type) {
	case promql.Vector:
		return append(promql.Vector{}, v...)
	case promql.Matrix:
		return append(promql.Matrix{}, v...)
	}
	return value
}

func writeError(w http.ResponseWriter, code int, kind string, err error) {
	writeJSON(w, code, map[string]any{"status": "error", "errorType": kind, "error": err.Error()})
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(text) // fails only if the client has gone
}
