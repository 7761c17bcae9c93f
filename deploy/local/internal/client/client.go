// Package client calls the model through the gateway, as its users do.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// What the manifests in deploy expect of a call.
const (
	Host = "bert-model.default.example.com" // of the InferenceService's route
	Path = "/v1/models/bert-emotion-model:predict"

	authorizationHeader = "X-Test"
	authorizationValue  = "istio-is-cool"
	keyHeader           = "X-Api-Key"
)

// Caller is who calls.
type Caller struct {
	IsAuthorized bool
	Key          string // API key; none when empty
}

// Client calls one gateway.
type Client struct {
	Gateway string // URL
	HTTP    *http.Client
}

// Predict sends a text and returns the reply's status and headers. The reply is
// read to its end.
func (c Client) Predict(ctx context.Context, caller Caller, text string) (*http.Response, error) {
	body, err := json.Marshal(map[string]string{"input": text})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Gateway+Path, bytes.NewReader(body))
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
