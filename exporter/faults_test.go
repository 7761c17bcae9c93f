package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fault is a bad gateway. It is served by serve, or by raw, which gets a connection
// after its request was read.
type fault struct {
	serve http.HandlerFunc
	raw   func(net.Conn)
	want  string   // part of the last error; "" for a gateway that is up
	lines []string // some of its series on the page, without the gateway label
	drops int      // samples and series left out of a scrape
}

const (
	textType = "text/plain; charset=UTF-8"
	mood     = "label___joy___moodring_predictions_total{} 6\n"
	moodLine = `moodring_predictions_total{label="joy"} 6`

	maxFaultPage = 1000000
)

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", textType)
		_, _ = io.WriteString(w, body)
	}
}

// with is like text, with another response header.
func with(key string, values []string, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", textType)
		w.Header()[key] = values
		_, _ = io.WriteString(w, body)
	}
}

func code(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func send(parts ...string) func(net.Conn) {
	return func(c net.Conn) {
		for _, part := range parts {
			_, _ = io.WriteString(c, part)
		}
	}
}

// thenHang sends parts and then nothing, until the exporter gives up.
func thenHang(parts ...string) func(net.Conn) {
	return func(c net.Conn) {
		send(parts...)(c)
		_, _ = io.Copy(io.Discard, c)
	}
}

// forEver sends begin, and then part until the connection is closed.
func forEver(begin, part string) func(net.Conn) {
	return func(c net.Conn) {
		send(begin)(c)
		for {
			if _, err := io.WriteString(c, part); err != nil {
				return
			}
		}
	}
}

func drip(c net.Conn) {
	send(head, "\r\n")(c)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if _, err := io.WriteString(c, "#"); err != nil {
			return
		}
	}
}

func reset(c net.Conn) {
	send(head, "Content-Length: 100\r\n\r\n", mood)(c)
	_ = c.(*net.TCPConn).SetLinger(0)
}

func zip(body string) string {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, body)
	_ = w.Close()
	return packed.String()
}

// firstThen serves first once, and then always then.
func firstThen(first, then string) http.HandlerFunc {
	var asked atomic.Bool
	return func(w http.ResponseWriter, r *http.Request) {
		body := first
		if asked.Swap(true) {
			body = then
		}
		text(body)(w, r)
	}
}

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

func manyLabels(n int) string {
	var page strings.Builder
	for i := range n {
		fmt.Fprintf(&page, "label___l%04d___moodring_predictions_total{} 1\n", i)
	}
	return page.String()
}

// manyUpstreams returns a page with long names, within the limits of page and line.
func manyUpstreams(n, length int) string {
	var page strings.Builder
	for i := range n {
		fmt.Fprintf(&page, "envoy_cluster_upstream_rq_time_count{envoy_cluster_name=\"%0*d\"} 1\n", length, i)
	}
	return page.String()
}

func faults() map[string]fault {
	one := []string{moodLine}
	return map[string]fault{
		"hangs before the headers":    {raw: thenHang(), want: "no complete response before the deadline"},
		"hangs in the headers":        {raw: thenHang("HTTP/1.1 200 OK\r\nContent-"), want: "no complete response before the deadline"},
		"hangs after the headers":     {raw: thenHang(head, "\r\n"), want: "no complete response before the deadline"},
		"hangs in the page":           {raw: thenHang(head, "Content-Length: 100\r\n\r\n", mood), want: "no complete response before the deadline"},
		"drips":                       {raw: drip, want: "no complete response before the deadline"},
		"closes without a response":   {raw: send(), want: "the connection was closed without a response: EOF"},
		"closes in the headers":       {raw: send("HTTP/1.1 200 OK\r\nConte"), want: "unexpected EOF"},
		"cut, by its length":          {raw: send(head, "Content-Length: 100\r\n\r\n", mood), want: "unexpected EOF"},
		"cut, by its chunks":          {raw: send(head, "Transfer-Encoding: chunked\r\n\r\n5\r\njoy 6\r\n"), want: "unexpected EOF"},
		"cut in a line":               {raw: send(head, "\r\n", mood, "label___joy"), want: "line 2 has no end: the page was cut"},
		"resets the connection":       {raw: reset, want: "connection reset by peer"},
		"a page without end":          {raw: forEver(head+"\r\n", mood), want: "the page is larger than 1000000 bytes: if it is right, raise scrape.max_page_bytes"},
		"a gigabyte":                  {raw: forEver(head+"Content-Length: 1073741824\r\n\r\n", mood), want: "the page is larger than 1000000 bytes"},
		"a line of 10 MB":             {serve: text(mood + strings.Repeat("a", 10<<20)), want: "line 2 is longer than 131072 bytes: if the page is right, raise scrape.max_line_bytes"},
		"a bomb of gzip":              {serve: with("Content-Encoding", []string{"gzip"}, zip(strings.Repeat(mood, 1<<20))), want: "the page is larger than 1000000 bytes"},
		"a bomb of gzip in one line":  {serve: with("Content-Encoding", []string{"gzip"}, zip(strings.Repeat("a", 1<<24))), want: "line 1 is longer than 131072 bytes"},
		"gzip that is cut":            {serve: with("Content-Encoding", []string{"gzip"}, zip(mood)[:20]), want: "unexpected EOF"},
		"not gzip":                    {serve: with("Content-Encoding", []string{"gzip"}, mood), want: "its gzip does not unpack: gzip: invalid header"},
		"another encoding":            {serve: with("Content-Encoding", []string{"br"}, mood), want: `it answers in Content-Encoding "br", which was not asked for`},
		"two encodings":               {serve: with("Content-Encoding", []string{"gzip", "gzip"}, mood), want: `it answers in Content-Encoding "gzip, gzip"`},
		"HTML":                        {serve: with("Content-Type", []string{"text/html"}, "<html>"), want: `it answers "text/html", not text/plain: is it an Envoy's admin endpoint?`},
		"HTML that says it is text":   {serve: text("<html>\n"), want: "line 1 is not in Prometheus's text format: no metric name"},
		"JSON":                        {serve: with("Content-Type", []string{"application/json"}, `{"stats":[]}`), want: `it answers "application/json", not text/plain`},
		"no type":                     {serve: with("Content-Type", nil, mood), want: `it answers "", not text/plain`},
		"not found":                   {serve: code(http.StatusNotFound), want: "it answers 404 Not Found: is it an Envoy's admin endpoint?"},
		"an error":                    {serve: code(http.StatusInternalServerError), want: "it answers 500 Internal Server Error"},
		"no content":                  {serve: code(http.StatusNoContent), want: "it answers 204 No Content"},
		"redirects":                   {serve: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, want: `it redirects to "/": redirects are not followed`},
		"headers without end":         {raw: forEver("HTTP/1.1 200 OK\r\n", "X: "+strings.Repeat("x", 1000)+"\r\n"), want: "the response headers are longer than 65536 bytes"},
		"interim responses for ever":  {raw: forEver("", "HTTP/1.1 102 Processing\r\n\r\n"), want: "it sends more than 5 interim responses"},
		"not HTTP":                    {raw: thenHang("SSH-2.0-OpenSSH_9.9\r\n"), want: "its response is not HTTP"},
		"TLS":                         {raw: send("\x15\x03\x01\x00\x02\x02\x46"), want: "unexpected EOF"},
		"a length below 0":            {raw: send(head, "Content-Length: -1\r\n\r\n"), want: "its response is not HTTP"},
		"binary":                      {serve: text("\x00\x01\xff\n"), want: "line 1 is not in Prometheus's text format"},
		"values that are not numbers": {serve: text(mood + "label___joy___moodring_predictions_total{} six\n"), want: "line 2 is not in Prometheus's text format: the value is not a number"},

		"values that are not counts": {serve: text(mood + "moodring_plugin_faults_total{} NaN\nenvoy_http_a_rbac_allowed{} -1\nenvoy_cluster_a_upstream_rq_time_count{} +Inf\n"), lines: one, drops: 3},
		"a series twice":             {serve: text(mood + strings.Replace(mood, "6", "7", 1)), lines: one, drops: 1},
		"too many series":            {serve: text(mood + manyLabels(500)), lines: one, drops: 401},
		"labels too long":            {serve: text(mood + "label___" + strings.Repeat("a", 50000) + "___moodring_predictions_total{} 6\n"), lines: one, drops: 1},
		"names too long for a page":  {serve: text(mood + manyUpstreams(10, 50000)), lines: one, drops: 10},
		"not UTF-8":                  {serve: text(mood + "envoy_cluster_upstream_rq_time_count{envoy_cluster_name=\"\xff\"} 1\n"), lines: one},
		"types that change":          {serve: firstThen("# TYPE label___joy___moodring_predictions_total gauge\n"+mood, "# TYPE label___joy___moodring_predictions_total histogram\n"+mood), lines: one},
		"series that become others":  {serve: firstThen("label___joy___moodring_prediction_confidence_count{} 6\nlabel___joy___moodring_prediction_confidence_bucket{} 6\n", mood), lines: one},
		"gzip in capitals":           {serve: with("Content-Encoding", []string{"GZIP"}, zip(mood)), lines: one},
		"gzip by its old name":       {serve: with("Content-Encoding", []string{"x-gzip"}, zip(mood)), lines: one},
		"no encoding, by its name":   {serve: with("Content-Encoding", []string{"Identity"}, mood), lines: one},

		// Istio's agent appends the page of an application to Envoy's (port 15020).
		"an application with odd escapes":      {serve: text(mood + `app_x{path="C:\Temp"} 1` + "\n"), lines: one},
		"an application with quoted names":     {serve: text(mood + `{"app.requests","http.code"="200"} 1` + "\n" + `app_x{"http.code"="200"} 1` + "\n"), lines: one},
		"an application with exemplars":        {serve: text(mood + `app_total 1 1712345678.123 # {trace_id="1"} 0.5 1712345678.1` + "\n"), lines: one},
		"an application with OpenMetrics":      {serve: with("Content-Type", []string{"application/openmetrics-text; version=1.0.0; charset=utf-8"}, mood+"# TYPE app counter\napp_total 1.0\n# EOF\n"), lines: one},
		"an application without a last end":    {serve: text(mood + "app_x 1"), lines: one},
		"an application that is zipped so":     {serve: with("Content-Encoding", []string{"gzip"}, zip(mood+"app_x 1")), lines: one},
		"an application with HTML":             {serve: text(mood + "<html>\n<body class=\"a\">\nNot found\n</html>"), lines: one},
		"an application with a long line":      {serve: text("# HELP app_x " + strings.Repeat("a", 1<<18) + "\napp_x{x=\"" + strings.Repeat("a", 1<<18) + "\"} 1\n" + mood), lines: one},
		"an application with a long last line": {serve: text(mood + "app_x{x=\"" + strings.Repeat("a", 1<<18)), lines: one},
		"an application's metric with our end": {serve: text(mood + "app_downstream_rq_2xx one\n"), lines: one},

		"a restart":                  {serve: firstThen(strings.Replace(mood, "6", "9", 1), mood), lines: one},
		"an old protocol":            {raw: send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n", mood), lines: one},
		"closes the idle connection": {raw: send(head, fmt.Sprintf("Content-Length: %d\r\n\r\n", len(mood)), mood), lines: one},
		"longer than its length":     {raw: send(head, fmt.Sprintf("Content-Length: %d\r\n\r\n", len(mood)), mood, mood, head), lines: one},
	}
}

// listen serves a bad gateway and returns its URL.
func (f fault) listen(t *testing.T) string {
	t.Helper()
	if f.serve != nil {
		server := httptest.NewServer(f.serve)
		t.Cleanup(server.Close)
		return server.URL
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = c.Read(make([]byte, 4096)) // the request
				f.raw(c)
				_ = c.Close()
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// state is a row of /targets.
type state struct {
	Gateway  string  `json:"gateway"`
	State    string  `json:"state"`
	Error    string  `json:"last_error"`
	Duration float64 `json:"last_duration_seconds"`
	Bytes    int64   `json:"bytes"`
	Dropped  int     `json:"dropped"`
}

// All bad gateways are scraped at once, beside a good gateway. Each has its error on
// /targets, and does not affect the other gateways.
func TestFaults(t *testing.T) {
	bad := faults()
	var cfg strings.Builder
	fmt.Fprintf(&cfg, "scrape: {timeout: 2s, min_age: 0s, keep: 0s, max_page_bytes: %d, max_series: 100}\ngateways:\n", maxFaultPage)
	for name, f := range bad {
		fmt.Fprintf(&cfg, "- {name: %q, url: %q}\n", name, f.listen(t))
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	bad["refuses"] = fault{want: "connection refused: is an Envoy's admin endpoint there, and can it be reached from here?"}
	fmt.Fprintf(&cfg, "- {name: refuses, url: %q}\n- {name: good, url: %q}\n", gone.URL, envoy(t, new(atomic.Int32)).URL)
	address := start(t, "--config.file", writeConfig(t, cfg.String()))

	// On a busy machine a scrape may be late once, so there are several tries.
	page, states := "", map[string]state{}
	const maxScrapes = 5
	for range maxScrapes {
		page, states = get(t, address+"/metrics"), statesOf(t, address)
		if len(wrong(bad, states, page)) == 0 && series(page, `moodring_predictions_total{gateway="good"`) != nil {
			break
		}
	}
	if good := states["good"]; good.State != "up" || good.Duration > 1 || len(series(page, `moodring_predictions_total{gateway="good"`)) == 0 {
		t.Errorf("the good gateway is %+v", good)
	}
	mistakes := wrong(bad, states, page)
	for name := range bad {
		t.Run(name, func(t *testing.T) {
			if mistake := mistakes[name]; mistake != "" {
				t.Error(mistake)
			}
		})
	}
}

// wrong returns a description of each unexpected result, by gateway.
func wrong(bad map[string]fault, states map[string]state, page string) map[string]string {
	mistakes := make(map[string]string)
	for name, f := range bad {
		if mistake := f.check(name, states[name], page); mistake != "" {
			mistakes[name] = mistake
		}
	}
	return mistakes
}

func statesOf(t *testing.T, address string) map[string]state {
	t.Helper()
	var answer struct{ Targets []state }
	if err := json.Unmarshal([]byte(get(t, address+"/targets?format=json")), &answer); err != nil {
		t.Fatal(err)
	}
	states := make(map[string]state)
	for _, s := range answer.Targets {
		states[s.Gateway] = s
	}
	return states
}

// check returns a description of an unexpected result, or "".
func (f fault) check(name string, got state, page string) string {
	wantState := "up"
	if f.want != "" {
		wantState = "down"
	}
	if got.State != wantState || !strings.Contains(got.Error, f.want) || got.Dropped != f.drops || got.Bytes > maxFaultPage+1 {
		return fmt.Sprintf("got %+v, want it %s, %d left out, with error %q", got, wantState, f.drops, f.want)
	}
	label := fmt.Sprintf("gateway=%q", name)
	for _, line := range f.lines {
		line = strings.Replace(line, "{", "{"+label+",", 1)
		if !strings.Contains(page, line+"\n") {
			return fmt.Sprintf("no %s on the page", line)
		}
	}
	if found := strings.Count(page, "moodring_predictions_total{"+label); f.want != "" && found > 0 {
		return fmt.Sprintf("%d series of a page that was not whole", found)
	}
	return ""
}
