package prometheus

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/moodring/moodring/deploy/local/internal/promapi"
)

// TestForeignRequests sends requests as a web page that the developer has open.
// They get no reply that the page could read, and they never end the server.
func TestForeignRequests(t *testing.T) {
	const query = "/api/v1/query?query=joy"
	tests := []struct {
		name, method, target string
		header               http.Header
		host                 string
		want                 int
	}{
		{"a program", "GET", query, nil, "", 200},
		{"a program's form", "POST", "/api/v1/query", nil, "", 200},
		{"localhost", "GET", query, nil, "localhost:9090", 200},
		{"LOCALHOST without a port", "GET", query, nil, "LOCALHOST", 200},
		{"IPv6 loopback", "GET", query, nil, "[::1]:9090", 200},
		{"an Origin header", "GET", query, http.Header{"Origin": {"https://evil.example"}}, "", 200},
		{"an opaque origin", "GET", query, http.Header{"Origin": {"null"}}, "", 200},
		{"an Origin that is no URL", "GET", query, http.Header{"Origin": {"%zz"}}, "", 200},
		{"a preflight", "OPTIONS", query, http.Header{"Origin": {"https://evil.example"}, "Access-Control-Request-Method": {"POST"}}, "", 405},
		{"a form of another origin", "POST", "/api/v1/query", http.Header{"Origin": {"https://evil.example"}}, "", 403},
		{"a form of another site", "POST", "/api/v1/query", http.Header{"Sec-Fetch-Site": {"cross-site"}}, "", 403},
		{"a rebound name", "GET", query, nil, "evil.example:9090", 403},
		{"a name with the address in it", "GET", query, nil, "127.0.0.1.evil.example", 403},
		{"a name that ends in localhost", "GET", query, nil, "evil-localhost", 403},
		{"another address", "GET", query, nil, "192.0.2.1:9090", 403},
		{"any address", "GET", "/", nil, "0.0.0.0:9090", 403},
		{"profiles", "GET", "/debug/pprof/", nil, "", 404},
		{"a profile", "GET", "/debug/pprof/heap", nil, "", 404},
		{"the admin API", "POST", "/api/v1/admin/tsdb/delete_series", nil, "", 404},
		{"quit", "POST", "/-/quit", nil, "", 404},
		{"remote write", "POST", "/api/v1/write", nil, "", 404},
	}
	server := newGuarded(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequest(test.method, server.URL+test.target, strings.NewReader(url.Values{"query": {"joy"}}.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			request.Header = test.header.Clone()
			if request.Header == nil {
				request.Header = http.Header{}
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Host = test.host
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != test.want {
				t.Errorf("%s, %v, want %d: %s", response.Status, err, test.want, body)
			}
			for name := range response.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("the reply has %s: %q", name, response.Header[name])
				}
			}
		})
	}
}

func newGuarded(t *testing.T) *httptest.Server {
	t.Helper()
	handler, err := routes(promapi.Options{
		Engine:  promqltest.NewTestEngine(t, false, 0, 1000),
		Storage: promqltest.LoadedStorage(t, "load 1m\n  joy 1\n"),
		Parser:  parser.NewParser(parser.Options{}),
	}, "", client.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}
