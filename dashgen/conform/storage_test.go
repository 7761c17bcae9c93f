package conform

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/promtest"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

// TestMemoryStorage checks that the tests' storage in memory gives the results
// of Prometheus's own storage, for the expression of every rule.
func TestMemoryStorage(t *testing.T) {
	server := promtest.Server(t, promtest.Stack(), promtest.Now)
	stored := promqltest.LoadedStorage(t, withoutComments(promtest.Stack()))
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)
	for _, group := range rules.Groups(board.All(), rules.Usual()) {
		for _, rule := range group.Rules {
			query, err := engine.NewInstantQuery(t.Context(), stored, nil, rule.Expr, time.Unix(0, 0).Add(promtest.Now))
			if err != nil {
				t.Fatal(err)
			}
			vector, err := query.Exec(t.Context()).Vector()
			if err != nil {
				t.Fatal(err)
			}
			want := []any{}
			for _, sample := range vector {
				want = append(want, sample)
			}
			if diff := cmp.Diff(sortedJSON(t, want), sortedJSON(t, ask(t, server.URL, rule.Expr))); diff != "" {
				t.Errorf("%s: -Prometheus's storage +memory:\n%s", rule.Expr, diff)
			}
			query.Close()
		}
	}
}

// withoutComments drops comment lines, which promqltest does not read inside a
// load command.
func withoutComments(series string) string {
	lines := strings.Split(series, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "#") }), "\n")
}

// ask returns the samples of an instant query over the HTTP API.
func ask(t *testing.T, server, expr string) []any {
	t.Helper()
	reply, err := http.Get(server + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	var body struct{ Data struct{ Result []any } }
	if err := json.NewDecoder(reply.Body).Decode(&body); err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %s: %v", expr, reply.Status, err)
	}
	return body.Data.Result
}

func sortedJSON(t *testing.T, samples []any) []string {
	t.Helper()
	lines := []string{}
	for _, sample := range samples {
		text, err := json.Marshal(sample)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(text))
	}
	slices.Sort(lines)
	return lines
}
