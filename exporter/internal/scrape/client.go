package scrape

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/moodring/moodring/exporter/internal/config"
)

// Client gets pages of gateways. All exported fields but HTTP are required.
type Client struct {
	Format       config.Format
	Filter       string // regular expression in RE2's syntax, applied by Envoy to raw stat names
	MaxPageBytes int64
	MaxLineBytes int
	Timeout      time.Duration // sent to the gateway; Page itself is limited by its context

	// MaxAge is the age at which a connection is replaced. Behind a DNS name, a
	// virtual IP or a hot restart, a connection stays with its first process,
	// although new connections reach another.
	MaxAge time.Duration

	IsUsed func(name string) bool // as in TextReader
	HTTP   *config.HTTPClient     // nil for no credentials and the system's certificates

	readers, unzippers, buffers sync.Pool // *TextReader, *gzip.Reader, *bufio.Reader: memory that pages share
}

// Page gets the page of the gateway with the admin endpoint base, over link, and
// gives each sample to emit, until ctx ends. After an error the page is not
// complete, and samples that emit already has must be dropped. The error says
// where and why, in one line. bytes is the number of bytes read, decompressed,
// also after an error.
func (c *Client) Page(ctx context.Context, link *Link, base *url.URL, emit func(Sample)) (bytes int64, err error) {
	if bytes, err = c.get(ctx, link, base, emit); err != nil {
		return bytes, c.At(base, cause(ctx, err))
	}
	return bytes, nil
}

// At adds the page's address to err.
func (c *Client) At(base *url.URL, err error) error {
	address := c.address(base)
	address.RawQuery = ""
	return fmt.Errorf("GET %s: %w", address.Redacted(), err)
}

// address returns the page's address. The page has no stats that never counted, and
// only the kind of histogram that the readers read.
func (c *Client) address(base *url.URL) *url.URL {
	query := url.Values{"usedonly": {""}, "filter": {c.Filter}}
	path := "stats/prometheus"
	if c.Format == config.JSON {
		path = "stats"
		query.Set("format", "json")
		query.Set("histogram_buckets", "detailed")
	} else {
		query.Set("histogram_buckets", "cumulative") // ignored by an Envoy without other kinds in this format
	}
	address := base.JoinPath(path)
	address.RawQuery = query.Encode()
	return address
}

// cause returns the error that ended a scrape, and explains a passed deadline.
func cause(ctx context.Context, err error) error {
	isLate := errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil // the connection's own deadline can pass first
	if isLate || ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("no complete response before the deadline: if the gateway is slow, raise scrape.timeout and Prometheus's scrape_timeout (%w)", context.DeadlineExceeded)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// request returns the request's bytes.
func (c *Client) request(base *url.URL, authorization string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, c.address(base).String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "gzip")
	request.Header.Set("User-Agent", "moodring-exporter")
	// Istio's agent (port 15020) logs a warning without an Accept header. Without a
	// timeout it waits for ever for an application that hangs
	// (pilot/cmd/pilot-agent/status/server.go).
	request.Header.Set("Accept", c.mediaType())
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", strconv.FormatFloat(c.Timeout.Seconds(), 'f', -1, 64))
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	var text bytes.Buffer
	err = request.Write(&text)
	return text.Bytes(), err
}

func (c *Client) get(ctx context.Context, link *Link, base *url.URL, emit func(Sample)) (read int64, err error) {
	request, err := link.request(c, base)
	if err != nil {
		return 0, err
	}
	buffer, ok := c.buffers.Get().(*bufio.Reader)
	if !ok {
		buffer = bufio.NewReader(nil)
	}
	err = link.exchange(ctx, request, buffer, func(response *http.Response) error {
		read, err = c.read(response, emit)
		return err
	})
	buffer.Reset(nil)
	c.buffers.Put(buffer)
	return read, err
}

func (c *Client) read(response *http.Response, emit func(Sample)) (bytes int64, err error) {
	if err := c.checkHeaders(response); err != nil {
		return 0, err
	}
	body := &limited{r: response.Body, limit: c.MaxPageBytes}
	isZipped := isGzip(response.Header.Get("Content-Encoding"))
	if isZipped {
		unzipper, err := c.unzipper(response.Body)
		if err != nil {
			return 0, fmt.Errorf("its gzip does not unpack: %w", err)
		}
		defer c.unzippers.Put(unzipper)
		body.r = unzipper
	}
	// A body without a length ends where the connection is closed, perhaps too early.
	isWhole := response.ContentLength >= 0 || len(response.TransferEncoding) > 0 || isZipped
	err = c.readBody(body, isWhole, emit)
	return body.read, err
}

func (c *Client) unzipper(body io.Reader) (*gzip.Reader, error) {
	if unzipper, ok := c.unzippers.Get().(*gzip.Reader); ok {
		return unzipper, unzipper.Reset(body)
	}
	return gzip.NewReader(body)
}

func (c *Client) readBody(body io.Reader, isWhole bool, emit func(Sample)) error {
	if c.Format == config.JSON {
		return ReadJSON(body, c.MaxLineBytes, emit)
	}
	reader, ok := c.readers.Get().(*TextReader)
	if !ok {
		reader = new(TextReader)
	}
	defer c.readers.Put(reader)
	reader.IsUsed, reader.IsWhole = c.IsUsed, isWhole
	return reader.Read(body, c.MaxLineBytes, emit)
}

func (c *Client) checkHeaders(response *http.Response) error {
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		return fmt.Errorf("it redirects to %.200q: redirects are not followed, give the admin endpoint's own address", withoutSecrets(response.Header.Get("Location")))
	}
	if response.StatusCode != http.StatusOK {
		advice := ""
		if response.StatusCode == http.StatusNotFound && c.Format == config.JSON {
			advice = " Others, as Istio's ports 15090 and 15020, have no JSON: leave out scrape.format"
		}
		return fmt.Errorf("it answers %d %s: is it an Envoy's admin endpoint?%s", response.StatusCode, http.StatusText(response.StatusCode), advice)
	}
	if encoding := response.Header.Values("Content-Encoding"); len(encoding) > 1 || len(encoding) == 1 && !isGzip(encoding[0]) && !isIdentity(encoding[0]) {
		return fmt.Errorf("it answers in Content-Encoding %.60q, which was not asked for", strings.Join(encoding, ", "))
	}
	want := c.mediaType()
	got, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	// Istio's agent answers OpenMetrics if its application does (istio/istio#33474).
	isOpenMetrics := got == "application/openmetrics-text" && c.Format == config.Prometheus
	isType := err == nil || errors.Is(err, mime.ErrInvalidMediaParameter) // no parameter is used
	if !isType || got != want && !isOpenMetrics {
		return fmt.Errorf("it answers %.60q, not %s: is it an Envoy's admin endpoint?", response.Header.Get("Content-Type"), want)
	}
	return nil
}

// withoutSecrets returns an address without its user and its query, in which a login
// page has tokens.
func withoutSecrets(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "an address that is not valid"
	}
	parsed.User, parsed.RawQuery, parsed.Fragment = nil, "", ""
	return parsed.String()
}

// isGzip reports whether a Content-Encoding is gzip, in any case and under its old
// name (RFC 9110, section 8.4.1.3).
func isGzip(encoding string) bool {
	return strings.EqualFold(encoding, "gzip") || strings.EqualFold(encoding, "x-gzip")
}

// isIdentity reports whether a Content-Encoding says that the body is not encoded.
func isIdentity(encoding string) bool {
	return encoding == "" || strings.EqualFold(encoding, "identity")
}

func (c *Client) mediaType() string {
	if c.Format == config.JSON {
		return "application/json"
	}
	return "text/plain"
}

// limited counts the bytes read, and returns an error beyond the limit.
type limited struct {
	r           io.Reader
	read, limit int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.read > l.limit {
		return 0, fmt.Errorf("the page is larger than %d bytes: if it is right, raise scrape.max_page_bytes", l.limit)
	}
	if left := l.limit - l.read; left < int64(len(p)) {
		p = p[:left+1]
	}
	n, err := l.r.Read(p)
	l.read += int64(n)
	return n, err
}
