package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/moodring/moodring/dashgen/internal/prom"
)

const (
	atOnce     = 8        // the most queries that Prometheus gets at a time
	queryBytes = 64 << 10 // the longest query
	replyBytes = 32 << 20 // the longest reply
)

// paths are those of Prometheus's HTTP API that drawing a dashboard needs. None
// of them changes anything. Prometheus takes the first three by POST also,
// which is how a page sends a long query.
var paths = []string{
	"GET /api/v1/query", "POST /api/v1/query",
	"GET /api/v1/query_range", "POST /api/v1/query_range",
	"GET /api/v1/series", "POST /api/v1/series",
	"GET /api/v1/labels", "GET /api/v1/label/{name}/values",
}

type proxy struct {
	prometheus prom.Server
	reverse    *httputil.ReverseProxy
	slots      chan struct{}
}

func newProxy(prometheus prom.Server) proxy {
	return proxy{prometheus: prometheus, slots: make(chan struct{}, atOnce), reverse: &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { rewrite(r, prometheus.URL) },
		ModifyResponse: capReply,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, err error) { refuse(w, prometheus, err) },
		Transport:      &http.Transport{MaxConnsPerHost: atOnce, MaxIdleConnsPerHost: atOnce, Proxy: http.ProxyFromEnvironment},
	}}
}

func (p proxy) handle(mux *http.ServeMux) {
	for _, path := range paths {
		mux.Handle(path, p)
	}
}

// ServeHTTP waits for a slot, so that a board of many panels does not meet
// Prometheus all at once.
func (p proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := p.prometheus.WithDeadline(r.Context())
	defer cancel()
	if len(r.URL.RawQuery) > queryBytes {
		fail(w, http.StatusRequestURITooLong, errLong)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, queryBytes)
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
		p.reverse.ServeHTTP(w, r.WithContext(ctx))
	case <-ctx.Done():
		refuse(w, p.prometheus, ctx.Err())
	}
}

var (
	errLong = fmt.Errorf("a query of more than %d bytes", queryBytes)
	errMuch = fmt.Errorf("a reply of more than %d bytes: ask for fewer series, or for a shorter time", replyBytes)
)

// rewrite sends the question and nothing of who asks: no cookies, no
// credentials but those of the address.
func rewrite(r *httputil.ProxyRequest, prometheus *url.URL) {
	accept, kind := r.In.Header.Get("Accept-Encoding"), r.In.Header.Get("Content-Type")
	r.SetURL(prometheus)
	r.Out.Header = http.Header{}
	for key, value := range map[string]string{"Accept-Encoding": accept, "Content-Type": kind} {
		if value != "" {
			r.Out.Header.Set(key, value)
		}
	}
	r.Out.Header.Set("User-Agent", "dashgen-preview")
	if user := prometheus.User; user != nil {
		password, _ := user.Password() // none is the empty one
		r.Out.SetBasicAuth(user.Username(), password)
	}
}

// capReply keeps of Prometheus's headers those that say how to read the body,
// and of its body no more than a browser can take.
func capReply(reply *http.Response) error {
	if reply.ContentLength > replyBytes {
		return errMuch
	}
	kept := http.Header{}
	for _, key := range []string{"Content-Type", "Content-Encoding", "Content-Length"} {
		if value := reply.Header.Get(key); value != "" {
			kept.Set(key, value)
		}
	}
	reply.Header = kept
	reply.Body = &capped{reply.Body, replyBytes}
	return nil
}

// capped fails, rather than end, past its limit: half an answer is none.
type capped struct {
	io.ReadCloser
	left int
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p[:min(len(p), c.left+1)])
	if c.left -= n; c.left < 0 {
		return 0, errMuch
	}
	return n, err
}

// refuse says why Prometheus gave no answer.
func refuse(w http.ResponseWriter, prometheus prom.Server, err error) {
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		fail(w, http.StatusRequestEntityTooLarge, errLong)
	case errors.Is(err, context.DeadlineExceeded):
		fail(w, http.StatusGatewayTimeout, prometheus.Failed(err))
	case errors.Is(err, errMuch):
		fail(w, http.StatusBadGateway, errMuch)
	default:
		fail(w, http.StatusBadGateway, prometheus.Failed(err))
	}
}

// fail answers in the words of Prometheus's own API.
func fail(w http.ResponseWriter, status int, err error) {
	body, marshalErr := json.Marshal(map[string]string{"status": "error", "errorType": "preview", "error": err.Error()})
	if marshalErr != nil {
		body = []byte(marshalErr.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away needs no answer
}
