package scrape

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/moodring/moodring/exporter/internal/config"
)

// Link keeps the connection to a gateway between scrapes. An http.Transport would
// take twice the processor time and memory, because it uses goroutines of its own;
// Link makes one request at a time, in the scrape's goroutine.
type Link struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu       sync.Mutex
	idle     *connection // nil if not connected, or if in use
	isClosed bool
	last     request
}

// request is a client's request to an address, kept because it is always the same.
type request struct {
	client        *Client
	base          *url.URL
	authorization string
	text          []byte
}

// request returns the client's request to base.
func (l *Link) request(client *Client, base *url.URL) (request, error) {
	authorization, err := authorization(client.HTTP, base)
	if err != nil {
		return request{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.client == client && l.last.base == base && l.last.authorization == authorization {
		return l.last, nil
	}
	text, err := client.request(base, authorization)
	if err != nil {
		return request{}, err
	}
	l.last = request{client, base, authorization, text}
	return l.last, nil
}

// connection is a connection to a host. A gateway's new address may have another
// scheme or host, and needs a new connection.
type connection struct {
	net.Conn
	scheme, host string
	http         *config.HTTPClient // nil without TLS
	isUsed       bool               // an earlier request had a response
	since        time.Time
}

// NewLink returns a Link that makes connections by dial, or by a net.Dialer if dial
// is nil.
func NewLink(dial func(ctx context.Context, network, address string) (net.Conn, error)) *Link {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return &Link{dial: dial}
}

// Close closes the connection as soon as it is idle. A closed Link still works, but
// keeps no connection.
func (l *Link) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isClosed = true
	if l.idle != nil {
		_ = l.idle.Close() // no data can be lost on an idle connection
		l.idle = nil
	}
}

// take returns the idle connection, or a new one if it is too old. If there can be no
// new connection, as while a gateway drains its listeners, the old one is used.
func (l *Link) take(ctx context.Context, r request) (*connection, error) {
	l.mu.Lock()
	kept := l.idle
	l.idle = nil
	l.mu.Unlock()
	if kept != nil && kept.leadsTo(r) {
		if time.Since(kept.since) < r.client.MaxAge {
			return kept, nil
		}
		return l.renew(ctx, r, kept), nil
	}
	if kept != nil {
		_ = kept.Close() // no data can be lost on an idle connection
	}
	return l.connect(ctx, r)
}

// leadsTo reports whether a request can use the connection.
func (c *connection) leadsTo(r request) bool {
	return c.scheme == r.base.Scheme && c.host == r.base.Host && (c.scheme != "https" || c.http == r.client.HTTP)
}

// renew returns a new connection, or the old one if connecting fails or takes half of
// the time that is left.
func (l *Link) renew(ctx context.Context, r request, old *connection) *connection {
	if deadline, ok := ctx.Deadline(); ok {
		limit, cancel := context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
		ctx = limit
	}
	fresh, err := l.connect(ctx, r)
	if err != nil {
		old.since = time.Now() // tries again after MaxAge
		return old
	}
	_ = old.Close() // no data can be lost on an idle connection
	return fresh
}

func (l *Link) connect(ctx context.Context, r request) (*connection, error) {
	to := r.base
	port := to.Port()
	if port == "" {
		port = to.Scheme // the system knows its port
	}
	conn, err := l.dial(ctx, "tcp", net.JoinHostPort(to.Hostname(), port))
	if err != nil || to.Scheme != "https" {
		return &connection{Conn: conn, scheme: to.Scheme, host: to.Host, since: time.Now()}, err
	}
	settings, err := tlsConfig(r.client.HTTP, to.Hostname())
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	secure := tls.Client(conn, settings)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &connection{Conn: secure, scheme: to.Scheme, host: to.Host, http: r.client.HTTP, since: time.Now()}, nil
}

// keep keeps a connection after the end of a response.
func (l *Link) keep(c *connection) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosed || l.idle != nil {
		return c.Close()
	}
	c.isUsed = true
	l.idle = c
	return nil
}

// exchange sends a request, and gives the response to read. The gateway may have
// closed an idle connection meanwhile: if it brings no byte of a response, the
// request is sent on a new connection. buffer is used to read the response.
func (l *Link) exchange(ctx context.Context, r request, buffer *bufio.Reader, read func(*http.Response) error) error {
	c, err := l.take(ctx, r)
	if err != nil {
		return err
	}
	err = l.exchangeOn(ctx, c, r.text, buffer, read)
	if errors.Is(err, errNoResponse) && c.isUsed && ctx.Err() == nil {
		if c, err = l.connect(ctx, r); err != nil {
			return err
		}
		err = l.exchangeOn(ctx, c, r.text, buffer, read)
	}
	return err
}

// exchangeOn makes the exchange on c until ctx ends, and then keeps or closes c.
func (l *Link) exchangeOn(ctx context.Context, c *connection, request []byte, buffer *bufio.Reader, read func(*http.Response) error) error {
	deadline, _ := ctx.Deadline() // zero if there is no deadline
	if err := c.SetDeadline(deadline); err != nil {
		return errors.Join(err, c.Close())
	}
	stopped := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	isReusable, err := c.exchange(request, buffer, read)
	if !stopped() || err != nil || !isReusable {
		return errors.Join(err, c.Close())
	}
	return l.keep(c)
}

var errNoResponse = errors.New("the connection was closed without a response")

// exchange reports whether the connection can be used for another request.
func (c *connection) exchange(request []byte, buffer *bufio.Reader, read func(*http.Response) error) (isReusable bool, err error) {
	if _, err := c.Write(request); err != nil {
		return false, fmt.Errorf("%w: %w", errNoResponse, err)
	}
	headers := &headerLimit{r: c, left: maxHeaderBytes}
	buffer.Reset(headers)
	if _, err := buffer.Peek(1); err != nil {
		return false, fmt.Errorf("%w: %w", errNoResponse, err)
	}
	response, err := readHeaders(buffer, headers)
	if err != nil {
		return false, err
	}
	if err := read(response); err != nil {
		return false, err
	}
	// At its end the body returns io.EOF. Otherwise it is not closed, because Close
	// would read all of the rest.
	var more [1]byte
	if _, err := response.Body.Read(more[:]); !errors.Is(err, io.EOF) {
		return false, nil
	}
	return !response.Close && buffer.Buffered() == 0, response.Body.Close()
}

// readHeaders reads the response headers. It skips a few interim responses.
func readHeaders(buffer *bufio.Reader, headers *headerLimit) (*http.Response, error) {
	const maxInterim = 5
	for range maxInterim {
		response, err := http.ReadResponse(buffer, nil) // nil is a GET
		switch {
		case errors.Is(headers.failed, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case headers.failed != nil:
			return nil, headers.failed
		case err != nil: // it quotes the response at length
			return nil, errors.New("its response is not HTTP: is it an Envoy's admin endpoint?")
		case response.StatusCode >= http.StatusOK:
			headers.isComplete = true
			return response, nil
		}
	}
	return nil, fmt.Errorf("it sends more than %d interim responses (status 1xx)", maxInterim)
}

const maxHeaderBytes = 64 << 10

// headerLimit limits the bytes of response headers. It keeps the error of the
// reading, because net/http may report half a line instead.
type headerLimit struct {
	r          io.Reader
	left       int
	failed     error
	isComplete bool // the headers are read
}

func (h *headerLimit) Read(p []byte) (n int, err error) {
	switch {
	case h.isComplete:
		return h.r.Read(p)
	case h.left == 0:
		err = fmt.Errorf("the response headers are longer than %d bytes: is it an Envoy's admin endpoint?", maxHeaderBytes)
	default:
		n, err = h.r.Read(p[:min(len(p), h.left)])
	}
	h.left -= n
	h.failed = err
	return n, err
}
