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
)

// Link is the way to one gateway: a connection that is kept from one scrape to
// the next. It does what an http.Transport does for one request at a time, in
// the scrape's own goroutine, for half the processor time and memory.
type Link struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu       sync.Mutex
	idle     *connection // nil where there is none, or it is in use
	isClosed bool
	last     request
}

// request is what one client asks of one address, over and over.
type request struct {
	client *Client
	base   *url.URL
	text   []byte
}

// request returns what client asks of base.
func (l *Link) request(client *Client, base *url.URL) (request, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.client == client && l.last.base == base {
		return l.last, nil
	}
	text, err := client.request(base)
	if err != nil {
		return request{}, err
	}
	l.last = request{client, base, text}
	return l.last, nil
}

// connection is to a host, which a new address of the gateway's may change, as it
// may the scheme.
type connection struct {
	net.Conn
	scheme, host string
	isUsed       bool // it has brought an answer before
}

// NewLink returns a link whose connections are made by dial, or by the network
// where that is nil.
func NewLink(dial func(ctx context.Context, network, address string) (net.Conn, error)) *Link {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return &Link{dial: dial}
}

// Close closes the connection, as soon as it is idle. A closed link still
// works, and keeps nothing.
func (l *Link) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isClosed = true
	if l.idle != nil {
		_ = l.idle.Close() // nothing is under way that could be lost
		l.idle = nil
	}
}

// take returns the kept connection, or a new one.
func (l *Link) take(ctx context.Context, to *url.URL) (*connection, error) {
	l.mu.Lock()
	kept := l.idle
	l.idle = nil
	l.mu.Unlock()
	if kept != nil && kept.scheme == to.Scheme && kept.host == to.Host {
		return kept, nil
	}
	if kept != nil {
		_ = kept.Close() // nothing is under way that could be lost
	}
	return l.connect(ctx, to)
}

func (l *Link) connect(ctx context.Context, to *url.URL) (*connection, error) {
	port := to.Port()
	if port == "" {
		port = to.Scheme // whose port the system knows
	}
	conn, err := l.dial(ctx, "tcp", net.JoinHostPort(to.Hostname(), port))
	if err != nil || to.Scheme != "https" {
		return &connection{Conn: conn, scheme: to.Scheme, host: to.Host}, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: to.Hostname()})
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &connection{Conn: secure, scheme: to.Scheme, host: to.Host}, nil
}

// keep keeps a connection whose answer was read to its end.
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

// exchange sends a request and gives the answer to read, by means of buffer. A
// kept connection may have been closed at the other end meanwhile: where it
// brings not a byte, a new one is tried.
func (l *Link) exchange(ctx context.Context, r request, buffer *bufio.Reader, read func(*http.Response) error) error {
	c, err := l.take(ctx, r.base)
	if err != nil {
		return err
	}
	err = l.over(ctx, c, r.text, buffer, read)
	if errors.Is(err, errNoAnswer) && c.isUsed && ctx.Err() == nil {
		if c, err = l.connect(ctx, r.base); err != nil {
			return err
		}
		err = l.over(ctx, c, r.text, buffer, read)
	}
	return err
}

// over does the exchange over c, which it keeps or closes. ctx bounds all of it.
func (l *Link) over(ctx context.Context, c *connection, request []byte, buffer *bufio.Reader, read func(*http.Response) error) error {
	deadline, _ := ctx.Deadline() // the zero time is none
	if err := c.SetDeadline(deadline); err != nil {
		return errors.Join(err, c.Close())
	}
	stopped := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	isLeft, err := c.ask(request, buffer, read)
	if !stopped() || err != nil || !isLeft {
		return errors.Join(err, c.Close())
	}
	return l.keep(c)
}

var errNoAnswer = errors.New("the connection was closed without an answer")

// ask is true where the connection can be used again.
func (c *connection) ask(request []byte, buffer *bufio.Reader, read func(*http.Response) error) (isLeft bool, err error) {
	if _, err := c.Write(request); err != nil {
		return false, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	head := &headLimit{r: c, left: maxHeadBytes}
	buffer.Reset(head)
	if _, err := buffer.Peek(1); err != nil {
		return false, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	response, err := readHead(buffer, head)
	if err != nil {
		return false, err
	}
	if err := read(response); err != nil {
		return false, err
	}
	// A body that was read to its end has nothing but io.EOF. Another is not
	// closed, which would read all of it.
	var more [1]byte
	if _, err := response.Body.Read(more[:]); !errors.Is(err, io.EOF) {
		return false, nil
	}
	return !response.Close && buffer.Buffered() == 0, response.Body.Close()
}

// readHead reads the head of the answer, past a few that only promise one.
func readHead(buffer *bufio.Reader, head *headLimit) (*http.Response, error) {
	const mostPromises = 5
	for range mostPromises {
		response, err := http.ReadResponse(buffer, nil) // nil is a GET
		switch {
		case errors.Is(head.failed, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case head.failed != nil:
			return nil, head.failed
		case err != nil: // which quotes the answer at length
			return nil, errors.New("its answer is not HTTP: is it an Envoy's admin endpoint?")
		case response.StatusCode >= http.StatusOK:
			head.isOver = true
			return response, nil
		}
	}
	return nil, fmt.Errorf("it sends more than %d promises of an answer (status 1xx)", mostPromises)
}

const maxHeadBytes = 64 << 10

// headLimit bounds what is read of an answer's head, and keeps the error that
// ended it: net/http may tell of half a line instead.
type headLimit struct {
	r      io.Reader
	left   int
	failed error
	isOver bool // the head is read
}

func (h *headLimit) Read(p []byte) (n int, err error) {
	switch {
	case h.isOver:
		return h.r.Read(p)
	case h.left == 0:
		err = fmt.Errorf("the answer's head is longer than %d bytes: is it an Envoy's admin endpoint?", maxHeadBytes)
	default:
		n, err = h.r.Read(p[:min(len(p), h.left)])
	}
	h.left -= n
	h.failed = err
	return n, err
}
