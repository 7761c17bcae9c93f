package promweb

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/moodring/moodring/deploy/local/internal/promapi"
)

// series have a label that would be a script.
const series = `
load 1m
  joy{model="bert"} 1.5
  joy{model="</code><script>alert(1)</script>"} 3
`

func newHandler(t *testing.T) http.Handler {
	t.Helper()
	handler, err := Handler(Options{
		API: promapi.Options{
			Engine:  promqltest.NewTestEngine(t, false, 0, 1000),
			Storage: promqltest.LoadedStorage(t, series),
			Parser:  parser.NewParser(parser.Options{}),
		},
		Dashboards: "http://127.0.0.1:3000",
		Now:        func() time.Time { return time.Unix(0, 0).UTC() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func get(t *testing.T, handler http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, target, nil))
	return recorder
}

func TestQuery(t *testing.T) {
	tests := []struct{ name, expression, want string }{
		{"no query", "", `<label for="query">PromQL expression</label>`},
		{"a vector", `joy{model="bert"}`, `<tr><td><code>{__name__=&#34;joy&#34;, model=&#34;bert&#34;}</code></td><td class="number">1.5</td></tr>`},
		{"a label that is a script", "joy > 2", `model=&#34;&lt;/code&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#34;}`},
		{"a scalar", "1 + 1", `<td class="number">2</td>`},
		{"a text", `"a<b>"`, `<td class="number">a&lt;b&gt;</td>`},
		{"a matrix", `joy{model="bert"}[1m]`, `1.5 @[0]`},
		{"nothing", "sadness", `The query has no result`},
		{"a warning", "quantile(2, joy)", `<p class="warning">PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)</p>`},
		{"an error", "joy{<b>", `<p class="error" role="alert">1:5: parse error: unexpected character inside braces: &#39;&lt;&#39;</p>`},
	}
	handler := newHandler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			reply := get(t, handler, queryPath(test.expression))
			body := reply.Body.String()
			if reply.Code != http.StatusOK || !strings.Contains(body, test.want) {
				t.Errorf("status %d, no %s in\n%s", reply.Code, test.want, body)
			}
			if strings.Contains(body, "<script") || strings.Contains(body, " style=") {
				t.Errorf("the page has a script or a style of its own:\n%s", body)
			}
		})
	}
}

// TestHeaders: a page may load its style and nothing else.
func TestHeaders(t *testing.T) {
	reply := get(t, newHandler(t), "/query")
	got := map[string]string{}
	for _, name := range []string{"Content-Type", "Content-Security-Policy", "Referrer-Policy"} {
		got[name] = reply.Header().Get(name)
	}
	want := map[string]string{"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, part := range []string{`name="viewport"`, `name="color-scheme" content="light dark"`, `<a href="http://127.0.0.1:3000">Dashboards</a>`} {
		if !strings.Contains(reply.Body.String(), part) {
			t.Errorf("no %s in the page", part)
		}
	}
	if style := get(t, newHandler(t), "/style.css"); style.Code != http.StatusOK || style.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the style: %d, %s", style.Code, style.Header())
	}
}

func TestRedirects(t *testing.T) {
	handler := newHandler(t)
	for from, to := range map[string]string{
		"/": "/query",
		"/graph?" + url.Values{"g0.expr": {`joy{a="b"}`}, "g0.tab": {"1"}}.Encode(): "/query?query=joy%7Ba%3D%22b%22%7D",
	} {
		if reply := get(t, handler, from); reply.Code != http.StatusFound || reply.Header().Get("Location") != to {
			t.Errorf("%s: %d to %s, want %s", from, reply.Code, reply.Header().Get("Location"), to)
		}
	}
	if reply := get(t, handler, "/page/layout.html"); reply.Code != http.StatusNotFound {
		t.Errorf("a template is served: %d", reply.Code)
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 800 * time.Nanosecond: "1µs", 834567 * time.Nanosecond: "835µs", 45678 * time.Microsecond: "45.7ms",
		1234 * time.Millisecond: "1.2s", 65432 * time.Millisecond: "1m5s", 3723 * time.Second: "1h2m0s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d ns: %s, want %s", d, got, want)
		}
	}
}
