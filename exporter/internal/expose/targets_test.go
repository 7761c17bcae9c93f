package expose

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/transform"
)

func targets() []Snapshot {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	kept := NewBlock("b", []transform.Series{series(contract.Predictions, 1, "gateway", "b"), series(contract.Predictions, 1, "gateway", "b", "label", "x")})
	return []Snapshot{
		{Gateway: "a", URL: "http://a:1", At: at, Up: true, Duration: 1500 * time.Microsecond, Bytes: 99, Dropped: 1, Series: kept},
		{Gateway: "b", URL: "http://b:1", At: at, Duration: time.Second, Err: errors.New("GET http://b:1: <connection refused>"), Kept: kept},
		{Gateway: "c", URL: "http://c:1"},
		{Gateway: "d", URL: "http://d:1", At: at, IsGone: true, Err: errors.New("gone"), Kept: kept},
	}
}

func dropped() []DroppedTarget {
	return []DroppedTarget{{"e", "file", "e:1", "relabel_configs drop the gateway"}}
}

func TestTargetsInJSON(t *testing.T) {
	h := handlerOf(t, Options{Targets: targets, Dropped: dropped})
	const want = `{"targets":[` +
		`{"gateway":"a","url":"http://a:1","state":"up","last_error":"","last_scrape":"2026-01-02T03:04:05Z","last_duration_seconds":0.0015,"bytes":99,"samples":2,"dropped":1},` +
		`{"gateway":"b","url":"http://b:1","state":"down","last_error":"GET http://b:1: \u003cconnection refused\u003e","last_scrape":"2026-01-02T03:04:05Z","last_duration_seconds":1,"bytes":0,"samples":2,"dropped":0},` +
		`{"gateway":"c","url":"http://c:1","state":"unknown","last_error":"","last_scrape":null,"last_duration_seconds":0,"bytes":0,"samples":0,"dropped":0},` +
		`{"gateway":"d","url":"http://d:1","state":"gone","last_error":"gone","last_scrape":"2026-01-02T03:04:05Z","last_duration_seconds":0,"bytes":0,"samples":2,"dropped":0}],` +
		`"dropped":[{"gateway":"e","source":"file","address":"e:1","reason":"relabel_configs drop the gateway"}]}` + "\n"
	_, asked, _ := get(h, "/targets?format=json")
	_, accepted, header := get(h, "/targets", "Accept: application/json")
	if diff := cmp.Diff(want, asked); diff != "" || accepted != asked || header.Get("Content-Type") != "application/json" {
		t.Errorf("%s, by Accept header the same: %v; JSON (-want +got):\n%s", header, accepted == asked, diff)
	}
}

func TestTargetsInHTML(t *testing.T) {
	code, body, header := get(handlerOf(t, Options{Targets: targets, Dropped: dropped}), "/targets")
	if code != http.StatusOK || header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d, %v", code, header)
	}
	for _, part := range []string{
		`<tr><td>a</td><td class="up">up</td><td>http://a:1</td><td><time datetime="2026-01-02T03:04:05Z" title="2026-01-02 03:04:05 UTC">`,
		` ago</time>`, `name="viewport"`, `name="color-scheme" content="light dark"`, `/docs/exporter.md">documentation</a>`,
		`<td class="number">0.002</td><td class="number">99</td><td class="number">2</td><td class="number">1</td><td></td></tr>`,
		`<td>GET http://b:1: &lt;connection refused&gt;</td>`, `<td class="unknown">unknown</td>`, `<td class="gone">gone</td>`,
		`<tr><td>e</td><td>file</td><td>e:1</td><td>relabel_configs drop the gateway</td></tr>`,
	} {
		if !strings.Contains(body, part) {
			t.Errorf("no %s in\n%s", part, body)
		}
	}
	if _, body, _ := get(handlerOf(t, Options{Targets: func() []Snapshot { return nil }, Dropped: func() []DroppedTarget { return nil }}), "/targets"); !strings.Contains(body, "There are no targets.") {
		t.Errorf("got %s", body)
	}
}

func TestProfilesOnlyWhenAskedFor(t *testing.T) {
	for isAsked, want := range map[bool]int{false: http.StatusNotFound, true: http.StatusOK} {
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline"} {
			if code, _, _ := get(handlerOf(t, Options{IsProfiled: isAsked}), path); code != want {
				t.Errorf("%s, asked for %v: got %d, want %d", path, isAsked, code, want)
			}
		}
	}
}
