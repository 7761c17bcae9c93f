package preview_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
	"github.com/moodring/moodring/dashgen/internal/preview"
	"github.com/moodring/moodring/dashgen/internal/prom"
)

func TestServable(t *testing.T) {
	for _, tc := range []struct{ name, text, want, err string }{
		{"a uid", `{"uid": "one", "title": "One", "panels": []}`, "one One", ""},
		{"no uid", `{"title": "One", "panels": []}`, "some-file One", ""},
		{"no panels", `{"title": "One"}`, "", "the dashboard has no panels to draw"},
		{"rows of before Grafana 5", `{"uid": "old", "title": "Old", "rows": [{"panels": []}]}`, "old Old", ""},
		{"a uid that is a path", `{"uid": "../x", "title": "One", "panels": []}`, "", `the uid "../x" is not valid in Grafana: use 1 to 40 of A-Z, a-z, 0-9, _ and -`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, err := dashboard.Read([]byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			served, err := preview.Servable("some file", d)
			if err != nil {
				if diff := cmp.Diff(tc.err, err.Error()); diff != "" {
					t.Error(diff)
				}
				return
			}
			if got := served.UID + " " + served.Title; got != tc.want || tc.err != "" {
				t.Errorf("got %q, want %q or the error %q", got, tc.want, tc.err)
			}
		})
	}
}

func TestNoTwoDashboardsAtOneAddress(t *testing.T) {
	one, other := dashboard.Dashboard{UID: "same", Title: "One"}, dashboard.Dashboard{UID: "same", Title: "Other"}
	for _, tc := range []struct {
		name, want string
		boards     []dashboard.Dashboard
	}{
		{"none", "no dashboards", nil},
		{"the same uid", `dashboards "One" and "Other" have the same uid, same: change one`, []dashboard.Dashboard{one, other}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := preview.Handler(preview.Options{Dashboards: tc.boards, Prometheus: prom.Server{}}); err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// serve starts a preview of one dashboard. The function reply stands for Prometheus.
func serve(t *testing.T, isLocal bool, reply http.HandlerFunc) *httptest.Server {
	t.Helper()
	upstream := httptest.NewServer(reply)
	t.Cleanup(upstream.Close)
	address, err := url.Parse(upstream.URL + "/prefix")
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("reader", "secret")
	handler, err := preview.Handler(preview.Options{
		Dashboards: []dashboard.Dashboard{{UID: "one", Title: "One", Tags: []string{"a"}, JSON: []byte(`{"panels": []}`)}},
		Prometheus: prom.Server{URL: address, Flag: "--prometheus"}, ScrapeInterval: 15 * time.Second, Local: isLocal,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// ask sends a request, written as "METHOD /path", and returns the response and its
// body.
func ask(t *testing.T, server *httptest.Server, line, host, body string) (*http.Response, string) {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		request.Host = host
	}
	request.Header.Set("Cookie", "session=1")
	if body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// echo replies with the parts of a request that Prometheus would read.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Set-Cookie", "prometheus=1")
	w.Header().Set("Content-Type", "application/json")
	user, password, _ := r.BasicAuth()
	_, _ = io.WriteString(w, strings.Join([]string{r.Method, r.URL.Path, r.FormValue("query"), user, password, r.Header.Get("Cookie")}, " "))
}

func TestPaths(t *testing.T) {
	server := serve(t, true, echo)
	for _, tc := range []struct {
		line, body string
		status     int
		want       string // begin of the reply
	}{
		{"GET /", "", 302, `<a href="/d/one">`},
		{"GET /d/one", "", 200, "<!doctype html>"},
		{"GET /d/one/any-slug", "", 200, "<!doctype html>"},
		{"GET /d/two", "", 404, "There is no such dashboard here"},
		{"GET /boards/one", "", 200, `{"panels": []}`},
		{"GET /boards/two", "", 404, "404 page not found"},
		{"GET /about.json", "", 200, `{"boards":[{"uid":"one","title":"One","tags":["a"]}],"prometheus":"http://reader:xxxxx@127.0.0.1:`},
		{"GET /page/board.js", "", 200, "// The page"},
		{"GET /page/vendor/uPlot.LICENSE", "", 200, "The MIT License"},
		{"GET /healthz", "", 200, "ok"},
		{"GET /api/v1/query?query=up", "", 200, "GET /prefix/api/v1/query up reader secret "},
		{"POST /api/v1/query_range", "query=up", 200, "POST /prefix/api/v1/query_range up reader secret "},
		{"GET /api/v1/label/job/values", "", 200, "GET /prefix/api/v1/label/job/values  reader secret "},
		{"GET /api/v1/labels", "", 200, "GET /prefix/api/v1/labels  reader secret "},
		{"GET /api/v1/label/U__a_2e_b/values", "", 200, "GET /prefix/api/v1/label/U__a_2e_b/values "},
		{"GET /api/v1/label/..%2f../values", "", 400, `{"error":"\"../..\" is not the name of a label"`},
		{"GET /api/v1/label/a%2fb/values", "", 400, `{"error":"\"a/b\" is not the name of a label"`},
		{"GET /api/v1/label/a%00b/values", "", 400, `{"error":"\"a\\x00b\" is not the name of a label"`},
		{"POST /api/v1/admin/tsdb/delete_series", "", 404, "404 page not found"},
		{"GET /api/v1/status/config", "", 404, "404 page not found"},
		{"PUT /api/v1/query", "", 405, "Method Not Allowed"},
		{"GET /api/v1/query?query=" + strings.Repeat("x", 70_000), "", 414, `{"error":"a query of more than 65536 bytes"`},
		{"POST /api/v1/query", "query=" + strings.Repeat("x", 70_000), 413, `{"error":"a query of more than 65536 bytes"`},
	} {
		t.Run(tc.line[:min(len(tc.line), 40)], func(t *testing.T) {
			response, text := ask(t, server, tc.line, "", tc.body)
			if response.StatusCode != tc.status || !strings.HasPrefix(text, tc.want) {
				t.Errorf("status %d, want %d; %.100q", response.StatusCode, tc.status, text)
			}
			want := "default-src 'none'; script-src 'self';"
			if strings.Contains(tc.line, " /api/v1/query") || strings.Contains(tc.line, " /api/v1/label") {
				want = "default-src 'none'; sandbox"
			}
			if policy := response.Header.Values("Content-Security-Policy"); len(policy) != 1 || !strings.HasPrefix(policy[0], want) && response.StatusCode != 405 {
				t.Errorf("policy %q", policy)
			}
			if response.Header.Get("Set-Cookie") != "" || strings.Contains(text, "session=1") {
				t.Error("a cookie went through")
			}
		})
	}
}

func TestHosts(t *testing.T) {
	for _, tc := range []struct {
		host    string
		isLocal bool
		status  int
	}{
		{"localhost:3000", true, 200},
		{"127.0.0.1:3000", true, 200},
		{"[::1]:3000", true, 200},
		{"[::1]", true, 200},
		{"evil.example:3000", true, 403},
		{"10.0.0.1", true, 403},
		{"boards.example", false, 200},
	} {
		t.Run(tc.host, func(t *testing.T) {
			if response, text := ask(t, serve(t, tc.isLocal, echo), "GET /api/v1/labels", tc.host, ""); response.StatusCode != tc.status {
				t.Errorf("status %d, want %d: %s", response.StatusCode, tc.status, text)
			}
		})
	}
}

const notJSON = `{"error":"a reply that is not JSON: is a Prometheus there?","errorType":"away","status":"error"}`

func withType(kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{kind}
		_, _ = io.WriteString(w, text)
	}
}

// TestForeignSites checks that another site's page cannot send queries, and can
// link to a dashboard.
func TestForeignSites(t *testing.T) {
	server := serve(t, true, echo)
	for _, tc := range []struct {
		line, site, mode, dest string
		status                 int
	}{
		{"POST /api/v1/query", "cross-site", "navigate", "document", 403},
		{"GET /api/v1/query?query=up", "cross-site", "navigate", "document", 403},
		{"GET /api/v1/query?query=up", "cross-site", "no-cors", "script", 403},
		{"GET /api/v1/query?query=up", "same-site", "cors", "empty", 403},
		{"GET /about.json", "cross-site", "no-cors", "script", 403},
		{"GET /d/one", "cross-site", "navigate", "iframe", 403},
		{"GET /d/one", "cross-site", "navigate", "document", 200},
		{"GET /api/v1/query?query=up", "same-origin", "cors", "empty", 200},
		{"GET /api/v1/query?query=up", "none", "navigate", "document", 200},
		{"GET /api/v1/query?query=up", "", "", "", 200},
	} {
		t.Run(strings.Join([]string{tc.line, tc.site, tc.mode, tc.dest}, " "), func(t *testing.T) {
			method, path, _ := strings.Cut(tc.line, " ")
			request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			request.Header = http.Header{"Sec-Fetch-Site": {tc.site}, "Sec-Fetch-Mode": {tc.mode}, "Sec-Fetch-Dest": {tc.dest}}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if err := response.Body.Close(); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != tc.status {
				t.Errorf("status %d, want %d", response.StatusCode, tc.status)
			}
		})
	}
}

func TestErrorReplies(t *testing.T) {
	for _, tc := range []struct {
		name   string
		reply  http.HandlerFunc
		status int
		want   string
	}{
		{"Prometheus's own error passes", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"status":"error","error":"parse error"}`)
		}, 400, `{"status":"error","error":"parse error"}`},
		{"too large", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "99999999")
		}, 502, `{"error":"a reply of more than 33554432 bytes: ask for fewer series, or for a shorter time","errorType":"preview","status":"error"}`},
		{"a page", withType("text/html", "<script src=/api/v1/query?query=JS></script>"), 502, notJSON},
		{"a script", withType("text/javascript", "alert(1)"), 502, notJSON},
		{"a picture with a script", withType("image/svg+xml", "<svg/>"), 502, notJSON},
		{"an error page", withType("text/html", "<h1>502</h1>"), 502, notJSON},
		{"no type", withType("", "{}"), 502, notJSON},
		{"an encoding that nobody asked for", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			withType("application/json", "{}")(w, r)
		}, 502, notJSON},
	} {
		t.Run(tc.name, func(t *testing.T) {
			response, text := ask(t, serve(t, true, tc.reply), "GET /api/v1/query?query=up", "", "")
			if response.StatusCode != tc.status || text != tc.want {
				t.Errorf("status %d, want %d; %s", response.StatusCode, tc.status, text)
			}
		})
	}
}

// TestLargeReply checks that a reply without a Content-Length ends with an error at
// the limit, so that it is not taken for a whole reply.
func TestLargeReply(t *testing.T) {
	server := serve(t, true, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		line := strings.Repeat("x", 1<<20)
		for range 33 {
			_, _ = io.WriteString(w, line) // fails when the preview hangs up
		}
	})
	response, err := http.Get(server.URL + "/api/v1/query?query=up")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if n, err := io.Copy(io.Discard, response.Body); err == nil || n > 32<<20 {
		t.Errorf("%d bytes, error %v", n, err)
	}
}

// TestBombOfGzip: the limit is one of the bytes that the browser would unpack.
func TestBombOfGzip(t *testing.T) {
	server := serve(t, true, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		line := make([]byte, 1<<20)
		for range 64 {
			_, _ = zip.Write(line) // fails when the preview hangs up
		}
		_ = zip.Close()
	})
	response, err := http.Get(server.URL + "/api/v1/query?query=up")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if n, err := io.Copy(io.Discard, response.Body); err == nil || n > 32<<20 {
		t.Errorf("%d bytes, error %v", n, err)
	}
}

func TestSilentPrometheus(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts; no one replies
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	address := &url.URL{Scheme: "http", Host: listener.Addr().String()}
	handler, err := preview.Handler(preview.Options{
		Dashboards: []dashboard.Dashboard{{UID: "one"}},
		Prometheus: prom.Server{URL: address, Flag: "--prometheus", Deadline: 50 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	response, text := ask(t, server, "GET /api/v1/query?query=up", "", "")
	want := fmt.Sprintf(`{"error":"asking Prometheus at %s: no reply within 50ms; is it overloaded, or is --prometheus not its address?"`, address)
	if response.StatusCode != 504 || !strings.HasPrefix(text, want) {
		t.Errorf("status %d, %s", response.StatusCode, text)
	}
}

func TestNoPrometheus(t *testing.T) {
	nowhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nowhere.Addr().String()
	if err := nowhere.Close(); err != nil {
		t.Fatal(err)
	}
	handler, err := preview.Handler(preview.Options{
		Dashboards: []dashboard.Dashboard{{UID: "one"}},
		Prometheus: prom.Server{URL: &url.URL{Scheme: "http", Host: address, User: url.UserPassword("reader", "secret")}, Flag: "--prometheus"},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	response, text := ask(t, server, "GET /api/v1/query?query=up", "", "")
	want := fmt.Sprintf(`{"error":"asking Prometheus at http://reader:xxxxx@%[1]s: dial tcp %[1]s: connect: connection refused; is it there, and is --prometheus its address?"`, address)
	if response.StatusCode != 502 || !strings.HasPrefix(text, want) {
		t.Errorf("status %d, %s", response.StatusCode, text)
	}
}
