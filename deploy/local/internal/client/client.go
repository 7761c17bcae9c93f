// Package client sends predict requests to the model through the gateway.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// The manifests in deploy set these values.
const (
	Host = "bert-model.default.example.com" // of the InferenceService's route
	Path = "/v1/models/bert-emotion-model:predict"

	authorizationHeader = "X-Test"
	authorizationValue  = "istio-is-cool"
	keyHeader           = "X-Api-Key"
)

// Caller decides the headers of a request.
type Caller struct {
	IsAuthorized bool   // sends the header that the authorization policy requires
	Key          string // API key; empty sends no key
}

// Client sends requests to one gateway.
type Client struct {
	Gateway string // URL
	HTTP    *http.Client
}

// Predict sends a text and returns the status and headers of the reply, after
// reading the body to its end.
func (c Client) Predict(ctx context.Context, caller Caller, text string) (*http.Response, error) {
	body, err := json.Marshal(map[string]string{"input": text})
	if err != nil {
		return nil, err
	}
	request, err := c.Request(ctx, caller, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, fmt.Errorf("gateway %s: %w", c.Gateway, err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return nil, fmt.Errorf("gateway %s: reply: %w", c.Gateway, err)
	}
	return response, nil
}

// Request returns a predict request with any body.
func (c Client) Request(ctx context.Context, caller Caller, body io.Reader) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Gateway+Path, body)
	if err != nil {
		return nil, err
	}
	request.Host = Host
	request.Header.Set("Content-Type", "application/json")
	if caller.IsAuthorized {
		request.Header.Set(authorizationHeader, authorizationValue)
	}
	if caller.Key != "" {
		request.Header.Set(keyHeader, caller.Key)
	}
	return request, nil
}
