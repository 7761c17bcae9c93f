// Package web is shared by the HTTP clients of Prometheus, of exporters and of Grafana.
// It limits the size of replies, and words failures.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// ReplyBytes is how many bytes a reply may have, after decompression. The replies that
// dashgen needs have a few MB, and a wrong address may answer without an end.
const ReplyBytes = 64 << 20

// ErrLarge is the error of a reply that has more than ReplyBytes.
var ErrLarge = fmt.Errorf("a reply of more than %d bytes", ReplyBytes)

// Client returns an HTTP client. Its requests end within a deadline, and its replies
// fail past ReplyBytes.
func Client(transport http.RoundTripper, deadline time.Duration) *http.Client {
	return &http.Client{Transport: limited{transport}, Timeout: deadline}
}

type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(r)
	if err == nil {
		response.Body = Limit(response.Body, ReplyBytes, ErrLarge)
	}
	return response, err
}

// Limit returns a body that fails with an error past a number of bytes, so that a cut
// reply is not taken for a whole reply.
func Limit(of io.ReadCloser, bytes int, past error) io.ReadCloser {
	return &body{of, bytes, past}
}

type body struct {
	io.ReadCloser
	left int
	past error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		return 0, b.past
	}
	return n, err
}

// Redacted returns an address without the values that may be secret: the password, and
// the query, where some proxies take a token.
func Redacted(address *url.URL) string {
	shown := *address
	shown.Fragment = ""
	if shown.RawQuery != "" {
		shown.RawQuery = "xxxxx"
	}
	return shown.Redacted()
}

// Failed adds advice to the error of a request. The flag sets the address of the server.
func Failed(err error, flag string, deadline time.Duration) error {
	var sent *url.Error
	if errors.As(err, &sent) {
		err = sent.Err // without the path and the query of the request
	}
	var network net.Error
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return fmt.Errorf("no reply within %s; is it overloaded, or is %s not its address?", deadline, flag)
	case errors.As(err, &untrusted):
		return fmt.Errorf("%w; if the certificate is right, name the file of its authority in SSL_CERT_FILE", err)
	}
	return fmt.Errorf("%w; is it there, and is %s its address?", err, flag)
}
