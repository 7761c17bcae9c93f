// Package body reads the bodies of HTTP requests: whole, within a time, and with all bodies together within a budget of
// bytes.
package body

import (
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/moodring/moodring/modelserver/internal/problem"
)

// Limits bound one body, and the bodies in memory at a time.
type Limits struct {
	Max     int64         // bytes of a body, before and after decompression
	Time    time.Duration // from the first read to the last byte
	Small   int64         // bytes in memory for the beginnings of all bodies
	Large   int64         // bytes in memory for the rest of all bodies
	Classes int64         // bytes of a body that count as its beginning
}

// Default returns the server's limits. The beginnings have a budget of their own, so that stalled large bodies do not
// keep short texts out.
func Default() Limits {
	return Limits{Max: 4 << 20, Time: 10 * time.Second, Small: 32 << 20, Large: 64 << 20, Classes: 64 << 10}
}

// Reader reads bodies. It is safe for concurrent use.
type Reader struct {
	limits       Limits
	small, large budget
}

// NewReader returns a Reader with limits.
func NewReader(limits Limits) *Reader {
	return &Reader{limits: limits, small: budget{left: limits.Small}, large: budget{left: limits.Large}}
}

// Body is a request's body in memory. Release must be called when its bytes are no longer used.
type Body struct {
	Bytes   []byte
	reader  *Reader
	charged int64
}

// Release returns the body's bytes to the budget.
func (b *Body) Release() {
	b.reader.release(b.charged)
	b.charged, b.Bytes = 0, nil
}

// Read reads the whole body of r, and decompresses gzip and deflate. Its errors are of type *problem.Error.
func (r *Reader) Read(w http.ResponseWriter, request *http.Request) (*Body, error) {
	control := http.NewResponseController(w)
	// A response writer without deadlines is a test's recorder, which never waits.
	if err := control.SetReadDeadline(time.Now().Add(r.limits.Time)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	content, err := decoded(request)
	if err != nil {
		return nil, err
	}
	b := &Body{reader: r}
	if err := b.fill(content); err != nil {
		b.Release()
		return nil, r.explain(w, err)
	}
	if err := control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		b.Release()
		return nil, err
	}
	return b, nil
}

var (
	errTooLarge = errors.New("the body is too large")
	errNoBudget = errors.New("the bodies in memory have used up their budget")
	errEncoding = errors.New("the body's compression is broken")
)

// fill reads content step by step. Each step is charged when its bytes can arrive, and not when the request begins: a
// caller that announces a large body and then stalls holds little.
func (b *Body) fill(content io.Reader) error {
	for step := int64(4 << 10); ; step = min(2*step, 256<<10) {
		size := min(step, b.reader.limits.Max+1-b.charged)
		if size <= 0 {
			return errTooLarge
		}
		if !b.reader.charge(b.charged, size) {
			return errNoBudget
		}
		b.charged += size
		read := len(b.Bytes)
		b.Bytes = append(b.Bytes, make([]byte, size)...)
		n, err := io.ReadFull(content, b.Bytes[read:])
		b.Bytes = b.Bytes[:read+n]
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && !isCut(content):
			return nil
		case err != nil:
			return err
		}
	}
}

// source remembers how the request's own stream ended: io.ReadFull reports an unexpected end for a short last step, and
// net/http reports the same error for a body that is shorter than its Content-Length.
type source struct {
	io.Reader
	failed error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed = err
	}
	return n, err
}

func isCut(content io.Reader) bool {
	s, ok := content.(*source)
	return ok && s.failed != nil
}

// decoded returns the body's content after its Content-Encoding.
func decoded(request *http.Request) (io.Reader, error) {
	encoding := strings.ToLower(strings.TrimSpace(request.Header.Get("Content-Encoding")))
	switch encoding {
	case "", "identity":
		return &source{Reader: request.Body}, nil
	case "gzip", "x-gzip":
		return &source{Reader: &lazy{open: func() (io.Reader, error) { return gzip.NewReader(request.Body) }}}, nil
	case "deflate":
		return &source{Reader: &lazy{open: func() (io.Reader, error) { return zlib.NewReader(request.Body) }}}, nil
	}
	return nil, problem.New(problem.Media, "the body's Content-Encoding is unknown; send gzip, deflate, or no compression")
}

// lazy opens a decompressor at the first read, because the opening itself reads from the network.
type lazy struct {
	open   func() (io.Reader, error)
	opened io.Reader
}

func (l *lazy) Read(p []byte) (n int, err error) {
	if l.opened == nil {
		if l.opened, err = l.open(); err != nil {
			l.opened = nil
			return 0, broken(err)
		}
	}
	n, err = l.opened.Read(p)
	return n, broken(err)
}

// broken marks an error of the decompressor, as opposed to an error of the network.
func broken(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", errEncoding, err)
}

// explain turns an error of reading into a refusal. The connection is closed, because the rest of the body stays unread.
func (r *Reader) explain(w http.ResponseWriter, err error) error {
	w.Header().Set("Connection", "close")
	switch {
	case errors.Is(err, errTooLarge):
		return problem.New(problem.TooLarge, "the body is larger than %d bytes; send fewer texts at once", r.limits.Max)
	case errors.Is(err, errNoBudget):
		return problem.New(problem.Busy, "the server holds too many bodies; try again")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problem.New(problem.Slow, "the body did not arrive within %s; send it faster", r.limits.Time)
	case errors.Is(err, errEncoding):
		return problem.New(problem.Invalid, "the body does not match its Content-Encoding")
	}
	return problem.New(problem.Invalid, "the body ended too early")
}
