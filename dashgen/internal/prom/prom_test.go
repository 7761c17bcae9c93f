package prom

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// clientOf returns a client that has a password and a short deadline.
func clientOf(t *testing.T, address string) Client {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword("reader", "secret")
	client, err := Dial(Server{URL: parsed, Flag: "--prometheus", Deadline: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// requests are all methods that send a request.
var requests = map[string]func(*testing.T, Client) error{
	"query":    func(t *testing.T, c Client) error { _, _, err := c.Query(t.Context(), "up", time.Time{}); return err },
	"vector":   func(t *testing.T, c Client) error { _, err := c.Vector(t.Context(), "up", time.Time{}); return err },
	"now":      func(t *testing.T, c Client) error { _, err := c.Now(t.Context()); return err },
	"metadata": func(t *testing.T, c Client) error { _, err := c.Metadata(t.Context()); return err },
	"page":     func(t *testing.T, c Client) error { _, err := c.Page(t.Context(), "text/plain"); return err },
	"range": func(t *testing.T, c Client) error {
		_, _, err := c.QueryRange(t.Context(), "up", promv1.Range{End: time.Unix(60, 0), Step: time.Minute})
		return err
	},
}

func TestSilentServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts; no one replies
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	// A server that sends the headers, and a body that never ends.
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(cut.Close)
	for name, address := range map[string]string{"no headers": "http://" + listener.Addr().String(), "no body": cut.URL} {
		for request, send := range requests {
			t.Run(name+", "+request, func(t *testing.T) {
				const want = ": no reply within 50ms; is it overloaded, or is --prometheus not its address?"
				if err := send(t, clientOf(t, address)); err == nil || !strings.HasSuffix(err.Error(), want) {
					t.Errorf("got error %v, want one that ends with %q", err, want)
				}
			})
		}
	}
}

func TestErrors(t *testing.T) {
	nowhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := nowhere.Close(); err != nil {
		t.Fatal(err)
	}
	const advice = "; is it there, and is --prometheus its address?"
	for _, tc := range []struct{ name, address, want string }{
		{"no server", "http://" + nowhere.Addr().String(), "connection refused" + advice},
		{"another server", serve(t, http.StatusOK, "<html>hello</html>"), advice},
		{"a wrong path", serve(t, http.StatusNotFound, "nothing here"), advice},
		{"a broken proxy", serve(t, http.StatusBadGateway, "upstream connect error"), advice},
	} {
		for request, send := range requests {
			if request == "page" && tc.name == "another server" {
				continue // the parser of the page finds out
			}
			t.Run(tc.name+", "+request, func(t *testing.T) {
				err := send(t, clientOf(t, tc.address))
				if err == nil || !strings.HasSuffix(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
					t.Fatalf("got error %v, want one line that ends with %q", err, tc.want)
				}
				if shown := strings.Replace(tc.address, "http://", "http://reader:xxxxx@", 1); !strings.Contains(err.Error(), " at "+shown) || strings.Contains(err.Error(), "secret") {
					t.Errorf("got error %v, want one that names %s", err, shown)
				}
			})
		}
	}
}

// TestAnotherServer checks that JSON of another server gives an error that says so, without
// a part of the reply.
func TestAnotherServer(t *testing.T) {
	const want = ": the reply is not of a Prometheus; is it there, and is --prometheus its address?"
	for _, reply := range []string{
		"null", "{}", "[]", `"secret"`, `{"status":"alive"}`, `{"status":"success","data":["secret"]}`,
		`{"status":"success","data":{"resultType":"vector","result":{"a":"secret"}}}`,
		`{"status":"success","data":{"resultType":"vector","result":[null]}}`,
		`{"status":"success","data":{"resultType":"matrix","result":[null]}}`,
		`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}}`,
		`{"status":"success","data":{"resultType":"none","result":[]}}`,
	} {
		address := serve(t, http.StatusOK, reply)
		for request, send := range requests {
			if request == "page" || strings.Contains(reply, `"result":[`) && request == "metadata" {
				continue
			}
			t.Run(request+" "+reply, func(t *testing.T) {
				if err := send(t, clientOf(t, address)); err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "secret") {
					t.Errorf("got error %v, want one that ends with %q", err, want)
				}
			})
		}
	}
}

func TestDenied(t *testing.T) {
	const want = ": these credentials may not read it; write a user and a password into --prometheus, as http://USER:PASSWORD@HOST:PORT"
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		address := serve(t, code, "denied")
		for request, send := range requests {
			if err := send(t, clientOf(t, address)); err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%d, %s: got error %v, want one that ends with %q", code, request, err, want)
			}
		}
	}
}

// TestRefusedQuery checks that an error about a query has no advice on the
// address, which is right.
func TestRefusedQuery(t *testing.T) {
	address := serve(t, http.StatusUnprocessableEntity, `{"status":"error","errorType":"execution","error":"too many samples"}`)
	err := requests["query"](t, clientOf(t, address))
	if err == nil || !strings.HasSuffix(err.Error(), ": execution: too many samples") || !IsAboutQuery(err) {
		t.Errorf("got error %v", err)
	}
}

func TestWrongType(t *testing.T) {
	for request, tc := range map[string]struct{ data, want string }{
		"vector": {`{"resultType":"scalar","result":[600,"600"]}`, ": the result of up is a scalar, not a vector"},
		"now":    {`{"resultType":"vector","result":[]}`, ": its time is a vector, not a scalar"},
	} {
		client := clientOf(t, serve(t, http.StatusOK, `{"status":"success","data":`+tc.data+`}`))
		if err := requests[request](t, client); err == nil || !strings.HasSuffix(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one that ends with %q", request, err, tc.want)
		}
	}
}

// serve returns the address of a server that sends every client the same reply.
func serve(t *testing.T, code int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
