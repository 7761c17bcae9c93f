// Package http replaces google.golang.org/api/transport/http in the local stack,
// which sends no request to Google Cloud.
package http

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/api/option"
)

// NewTransport returns an error.
func NewTransport(context.Context, http.RoundTripper, ...option.ClientOption) (http.RoundTripper, error) {
	return nil, errors.New("the local stack cannot send requests to Google Cloud")
}
