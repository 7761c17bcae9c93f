package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"

	"github.com/moodring/moodring/dashgen/internal/prom"
	"github.com/moodring/moodring/dashgen/internal/web"
)

const (
	atOnce     = 8        // the most queries that Prometheus gets at a time
	queryBytes = 64 << 10 // the longest query
	replyBytes = 32 << 20 // the longest reply
)

// paths are the paths of Prometheus's HTTP API that drawing needs. They only read.
// The page sends long queries by POST.
var paths = []string{
	"GET /api/v1/query", "POST /api/v1/query",
	"GET /api/v1/query_range", "POST /api/v1/query_range",
	"GET /api/v1/series", "POST /api/v1/series",
	"GET /api/v1/labels", "GET /api/v1/label/{name}/values",
}

// apiPolicy stops everything in a reply that a browser opens as a page of its own.
const apiPolicy = "default-src 'none'; sandbox"

// labelName matches the names of labels, also as Prometheus 3 writes other names in
// paths (its documentation, "Querying label values").
var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

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

// ServeHTTP waits for a slot, so that a dashboard with many panels does not send
// all queries at once.
func (p proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", apiPolicy)
	if name := r.PathValue("name"); name != "" && !labelName.MatchString(name) {
		fail(w, http.StatusBadRequest, fmt.Errorf("%q is not the name of a label", name))
		return
	}
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
	errLong  = fmt.Errorf("a query of more than %d bytes", queryBytes)
	errType  = errors.New("a reply that is not JSON: is a Prometheus there?")
	errLarge = fmt.Errorf("a reply of more than %d bytes: ask for fewer series, or for a shorter time", replyBytes)
)

// rewrite sends the query to Prometheus without the browser's headers: no cookies,
// and only the credentials in Prometheus's address. The transport unpacks a compressed
// reply, so that its limit is one of the bytes that the browser gets.
func rewrite(r *httputil.ProxyRequest, prometheus *url.URL) {
	kind := r.In.Header.Get("Content-Type")
	r.SetURL(prometheus)
	r.Out.Header = http.Header{}
	if kind != "" {
		r.Out.Header.Set("Content-Type", kind)
	}
	r.Out.Header.Set("User-Agent", "dashgen-preview")
	if user := prometheus.User; user != nil {
		password, _ := user.Password()
		r.Out.SetBasicAuth(user.Username(), password)
	}
}

// capReply keeps the headers that describe the body, and limits the body to a size
// that a browser can handle. It refuses other types than JSON: a browser would run
// a script, or show a page, under the preview's own origin. A compression that the
// transport did not ask for, and so does not unpack, is no JSON either.
func capReply(reply *http.Response) error {
	if kind, _, err := mime.ParseMediaType(reply.Header.Get("Content-Type")); err != nil || kind != "application/json" || reply.Header.Get("Content-Encoding") != "" {
		return errType
	}
	if reply.ContentLength > replyBytes {
		return errLarge
	}
	kept := http.Header{}
	for _, key := range []string{"Content-Type", "Content-Length"} {
		if value := reply.Header.Get(key); value != "" {
			kept.Set(key, value)
		}
	}
	reply.Header = kept
	reply.Body = web.Limit(reply.Body, replyBytes, errLarge)
	return nil
}

// refuse replies with the reason why there is no reply of Prometheus.
func refuse(w http.ResponseWriter, prometheus prom.Server, err error) {
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		fail(w, http.StatusRequestEntityTooLarge, errLong)
	case errors.Is(err, context.DeadlineExceeded):
		fail(w, http.StatusGatewayTimeout, prometheus.Failed(err))
	case errors.Is(err, errLarge):
		fail(w, http.StatusBadGateway, err)
	case errors.Is(err, errType):
		failAs(w, away, http.StatusBadGateway, err)
	default:
		failAs(w, away, http.StatusBadGateway, prometheus.Failed(err))
	}
}

// Types of errors, besides Prometheus's own.
const (
	ofQuery = "preview"
	away    = "away" // no query can succeed: the page says so once
)

// fail replies with an error in the format of Prometheus's API.
func fail(w http.ResponseWriter, status int, err error) { failAs(w, ofQuery, status, err) }

func failAs(w http.ResponseWriter, kind string, status int, err error) {
	body, marshalErr := json.Marshal(map[string]string{"status": "error", "errorType": kind, "error": err.Error()})
	if marshalErr != nil {
		body = []byte(marshalErr.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone
}
