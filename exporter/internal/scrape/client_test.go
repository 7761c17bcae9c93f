package scrape

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	promconfig "github.com/prometheus/common/config"

	"github.com/moodring/moodring/exporter/internal/config"
)

const prometheusType, jsonType = "text/plain; charset=UTF-8", "application/json"

// connectionAge is longer than a test.
const connectionAge = time.Hour

func newClient(format config.Format) *Client {
	return &Client{
		Format: format, Filter: `;\.moodring_`, MaxPageBytes: 1 << 20, MaxLineBytes: 1 << 10,
		Timeout: 1500 * time.Millisecond, MaxAge: connectionAge,
	}
}

// page gets the page of a gateway with a handler.
func page(t *testing.T, client *Client, handler http.HandlerFunc) (samples []Sample, bytes int64, err error) {
	t.Helper()
	gateway := httptest.NewServer(handler)
	t.Cleanup(gateway.Close)
	bytes, err = client.Page(t.Context(), NewLink(nil), parseURL(t, gateway.URL), func(s Sample) { samples = append(samples, s.Clone()) })
	return samples, bytes, err
}

func ignore(Sample) {}

func parseURL(t *testing.T, text string) *url.URL {
	t.Helper()
	address, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func answer(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	}
}

func TestPage(t *testing.T) {
	for format, body := range map[config.Format]string{
		config.Prometheus: "# TYPE a counter\na{} 2\n",
		config.JSON:       `{"stats":[{"name":"a","value":2}]}`,
	} {
		t.Run(string(format), func(t *testing.T) {
			contentType := prometheusType
			if format == config.JSON {
				contentType = jsonType
			}
			got, bytes, err := page(t, newClient(format), answer(contentType, body))
			if err != nil || bytes != int64(len(body)) {
				t.Fatalf("read %d bytes, %v; want %d", bytes, err, len(body))
			}
			if diff := cmp.Diff([]Sample{{Name: "a", Value: 2}}, withoutSeries(got)); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPageAsksOnlyForOurs(t *testing.T) {
	for format, want := range map[config.Format]string{
		config.Prometheus: `/stats/prometheus?filter=%3B%5C.moodring_&histogram_buckets=cumulative&usedonly= text/plain 1.5`,
		config.JSON:       `/stats?filter=%3B%5C.moodring_&format=json&histogram_buckets=detailed&usedonly= application/json 1.5`,
	} {
		asked := ""
		_, _, err := page(t, newClient(format), func(w http.ResponseWriter, r *http.Request) {
			asked = strings.Join([]string{r.URL.String(), r.Header.Get("Accept"), r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds")}, " ")
			w.WriteHeader(http.StatusNotFound)
		})
		if err == nil || asked != want {
			t.Errorf("%s: asked for %s, %v; want %s", format, asked, err, want)
		}
	}
}

func TestPageKeepsItsConnection(t *testing.T) {
	var connections atomic.Int32
	gateway := httptest.NewUnstartedServer(answer(prometheusType, strings.Repeat("a 1\n", 10000)))
	gateway.Config.ConnState = connectionCounter(&connections)
	gateway.Start()
	defer gateway.Close()
	client, via := newClient(config.Prometheus), NewLink(nil)
	for range 5 {
		if _, err := client.Page(t.Context(), via, parseURL(t, gateway.URL), ignore); err != nil {
			t.Fatal(err)
		}
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("5 scrapes took %d connections, want 1", got)
	}
}

func TestPageTakesGzip(t *testing.T) {
	client := newClient(config.Prometheus)
	for range 3 { // pages share memory
		got, bytes, err := page(t, client, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") != "gzip" {
				t.Errorf("asked for encoding %q, want gzip", r.Header.Get("Accept-Encoding"))
			}
			_, _ = w.Write(zipped(w, "a 1\n"))
		})
		if err != nil || len(got) != 1 || bytes != 4 {
			t.Errorf("got %v of %d bytes, %v; want one sample of 4 bytes", got, bytes, err)
		}
	}
}

func zipped(w http.ResponseWriter, text string) []byte {
	w.Header().Set("Content-Type", prometheusType)
	w.Header().Set("Content-Encoding", "gzip")
	var body bytes.Buffer
	zip := gzip.NewWriter(&body)
	_, _ = io.WriteString(zip, text)
	_ = zip.Close()
	return body.Bytes()
}

func TestPageOfABadGateway(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"error status": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
			"it answers 503 Service Unavailable: is it an Envoy's admin endpoint?"},
		"wrong type": {answer("text/html", "<html>"),
			`it answers "text/html", not text/plain: is it an Envoy's admin endpoint?`},
		"no type": {func(w http.ResponseWriter, _ *http.Request) { w.Header()["Content-Type"] = nil },
			`it answers "", not text/plain: is it an Envoy's admin endpoint?`},
		"wrong encoding": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			answer(prometheusType, "a 1\n")(w, r)
		}, `it answers in Content-Encoding "br", which was not asked for`},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example/x", http.StatusFound)
		},
			`it redirects to "http://elsewhere.example/x": redirects are not followed, give the admin endpoint's own address`},
		"redirect with secrets": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "https://u:secret@login.example/x?token=secret#secret")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
			`it redirects to "https://login.example/x": redirects are not followed, give the admin endpoint's own address`},
		"redirect to nowhere": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://u:secret@a:b")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
			`it redirects to "an address that is not valid": redirects are not followed, give the admin endpoint's own address`},
		"huge": {answer(prometheusType, strings.Repeat("a 1\n", 1<<18+1)),
			"the page is larger than 1048576 bytes: if it is right, raise scrape.max_page_bytes"},
		"bomb of gzip": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(zipped(w, strings.Repeat("a 1\n", 1<<20)))
		},
			"the page is larger than 1048576 bytes: if it is right, raise scrape.max_page_bytes"},
		"long line": {answer(prometheusType, "a 1\n"+strings.Repeat("a", 2000)),
			"line 2 is longer than 1024 bytes: if the page is right, raise scrape.max_line_bytes"},
		"rubbish": {answer(prometheusType, "a 1\n???\n"), "line 2 is not in Prometheus's text format: no metric name"},
		"cut, by size": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "9")
			answer(prometheusType, "a 1\n")(w, r)
		}, "unexpected EOF"},
		"cut, by chunk": {cutAfter("a 1\n"), "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := page(t, newClient(config.Prometheus), test.handler)
			if err == nil || !strings.HasPrefix(err.Error(), "GET http://127.0.0.1:") || !strings.HasSuffix(err.Error(), "/stats/prometheus: "+test.want) {
				t.Errorf("got error %v\nwant GET ...: %s", err, test.want)
			}
		})
	}
}

// Parameters of a type that are not well-formed change nothing.
func TestPageOfATypeWithABadParameter(t *testing.T) {
	samples, _, err := page(t, newClient(config.Prometheus), answer("text/plain; version=0.0.4; charset", "a 1\n"))
	if err != nil || len(samples) != 1 {
		t.Errorf("got %d samples, %v", len(samples), err)
	}
}

// The largest number as a limit means no limit.
func TestPageWithoutALimit(t *testing.T) {
	client := newClient(config.Prometheus)
	client.MaxPageBytes, client.MaxLineBytes = math.MaxInt64, math.MaxInt
	samples, _, err := page(t, client, answer(prometheusType, "a 1\n"))
	if err != nil || len(samples) != 1 {
		t.Errorf("got %d samples, %v", len(samples), err)
	}
}

// Credentials with a line break are refused, and not sent in another form.
func TestPageWithALineBreakInTheCredentials(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("secret\r\nX: y\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client := newClient(config.Prometheus)
	client.HTTP = &config.HTTPClient{Authorization: &promconfig.Authorization{Type: "Bearer", CredentialsFile: file}}
	_, _, err := page(t, client, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked with %v", r.Header) })
	if err == nil || !strings.HasSuffix(err.Error(), "http_client_config: the credentials have a line break: write them on one line") {
		t.Errorf("got error %v", err)
	}
}

// Istio's ports for statistics have no JSON.
func TestPageInJSONOfAnotherPort(t *testing.T) {
	_, _, err := page(t, newClient(config.JSON), http.NotFound)
	const want = "it answers 404 Not Found: is it an Envoy's admin endpoint? Others, as Istio's ports 15090 and 15020, have no JSON: leave out scrape.format"
	if err == nil || !strings.HasSuffix(err.Error(), "/stats: "+want) {
		t.Errorf("got error %v\nwant GET ...: %s", err, want)
	}
}

// cutAfter sends text as a chunk, but no last chunk.
func cutAfter(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = fmt.Fprintf(buffered, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(text), text)
		_ = buffered.Flush()
		_ = connection.Close()
	}
}

func TestPageOfAHangingGateway(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"before the headers": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"after the headers": func(w http.ResponseWriter, r *http.Request) {
			answer(prometheusType, "a 1\n")(w, r)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := httptest.NewServer(handler)
			defer gateway.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := newClient(config.Prometheus).Page(ctx, NewLink(nil), parseURL(t, gateway.URL), ignore)
			if err == nil || !strings.Contains(err.Error(), "no complete response before the deadline") {
				t.Errorf("got %v, want the deadline", err)
			}
		})
	}
}

func TestPageOfAGatewayThatIsGone(t *testing.T) {
	gateway := httptest.NewServer(nil)
	address := parseURL(t, gateway.URL)
	gateway.Close()
	_, err := newClient(config.Prometheus).Page(t.Context(), NewLink(nil), address, ignore)
	if err == nil || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "moodring_") {
		t.Errorf("got %v, want connection refused, without the query", err)
	}
}

func connectionCounter(count *atomic.Int32) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			count.Add(1)
		}
	}
}
