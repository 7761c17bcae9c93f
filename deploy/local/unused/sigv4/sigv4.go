// Package sigv4 replaces github.com/prometheus/sigv4 in the local stack, which
// sends no request to AWS.
package sigv4

import (
	"errors"
	"net/http"
)

// SigV4Config cannot be configured.
type SigV4Config struct{}

// NewSigV4RoundTripper returns an error.
func NewSigV4RoundTripper(*SigV4Config, http.RoundTripper) (http.RoundTripper, error) {
	return nil, errors.New("the local stack cannot sign requests to AWS")
}
