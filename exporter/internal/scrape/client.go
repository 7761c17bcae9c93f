package scrape

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"

	"github.com/moodring/moodring/exporter/internal/config"
)

// Client asks gateways for their statistics. All fields are needed.
type Client struct {
	HTTP         *http.Client // from NewHTTPClient
	Format       config.Format
	Filter       string // a regular expression in RE2's syntax, applied by Envoy to raw stat names
	MaxPageBytes int64
	MaxLineBytes int
}

// NewHTTPClient returns a client that keeps a connection to each gateway, made
// by dial where that is not nil, and follows no redirect: a gateway that sends
// us elsewhere is not the gateway.
func NewHTTPClient(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Client {
	return &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 1, DialContext: dial},
		CheckRedirect: func(next *http.Request, _ []*http.Request) error {
			return fmt.Errorf("it redirects to %s: redirects are not followed, give the admin endpoint's own address", next.URL.Redacted())
		},
	}
}

// Page gets and reads the page of the gateway whose admin endpoint is at base.
// ctx bounds all of it. The error tells where and what, in one line; the page's
// Bytes are right even then.
func (c *Client) Page(ctx context.Context, base *url.URL) (Page, error) {
	page := Page{Format: c.Format}
	address := c.address(base)
	if err := c.get(ctx, address, &page); err != nil {
		page.Samples = nil
		address.RawQuery = ""
		return page, fmt.Errorf("GET %s: %w", address.Redacted(), cause(ctx, err))
	}
	return page, nil
}

func (c *Client) address(base *url.URL) *url.URL {
	query := url.Values{"usedonly": {""}, "filter": {c.Filter}}
	if c.Format == config.Prometheus {
		address := base.JoinPath("stats/prometheus")
		address.RawQuery = query.Encode()
		return address
	}
	query.Set("format", "json")
	query.Set("histogram_buckets", "detailed")
	address := base.JoinPath("stats")
	address.RawQuery = query.Encode()
	return address
}

// cause leaves out net/http's own "Get URL:", whose URL has the filter, and
// says in words that time ran out.
func cause(ctx context.Context, err error) error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err
	}
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("no whole answer before the deadline: if the gateway is slow, raise scrape.timeout and Prometheus's scrape_timeout (%w)", context.DeadlineExceeded)
	}
	return err
}

func (c *Client) get(ctx context.Context, address *url.URL, page *Page) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return err
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return err
	}
	err = c.read(response, page)
	return errors.Join(err, response.Body.Close())
}

func (c *Client) read(response *http.Response, page *Page) error {
	if err := c.checkHead(response); err != nil {
		return err
	}
	body := &limited{r: response.Body, limit: c.MaxPageBytes}
	defer func() { page.Bytes = body.read }()
	emit := func(s Sample) { page.Samples = append(page.Samples, s) }
	if c.Format == config.Prometheus {
		return ReadPrometheus(body, c.MaxLineBytes, emit)
	}
	return ReadJSON(bufio.NewReader(body), emit)
}

func (c *Client) checkHead(response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s: is it an Envoy's admin endpoint?", response.Status)
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" {
		return fmt.Errorf("it answers in Content-Encoding %q, which was not asked for", encoding)
	}
	want := "text/plain"
	if c.Format == config.JSON {
		want = "application/json"
	}
	got, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || got != want {
		return fmt.Errorf("it answers %q, not %s: is it an Envoy's admin endpoint?", response.Header.Get("Content-Type"), want)
	}
	return nil
}

// limited counts what is read, and ends in an error past the limit.
type limited struct {
	r           io.Reader
	read, limit int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.read > l.limit {
		return 0, fmt.Errorf("the page is larger than %d bytes: if it is right, raise scrape.max_page_bytes", l.limit)
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.limit-l.read+1)])
	l.read += int64(n)
	return n, err
}
