// Package ratelimit adapts the rate limits of the manifests to the local stack.
package ratelimit

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// limits is the configuration of the rate limit service (envoyproxy/ratelimit,
// README, "Configuration"), as far as the manifests use it.
type limits struct {
	Domain      string       `yaml:"domain"`
	Descriptors []descriptor `yaml:"descriptors"`
}

type descriptor struct {
	Key         string         `yaml:"key"`
	Value       string         `yaml:"value,omitempty"`
	RateLimit   map[string]any `yaml:"rate_limit,omitempty"`
	Descriptors []descriptor   `yaml:"descriptors,omitempty"`
}

const keyDescriptor = "x-api-key"

// WithUnlimitedKey adds an API key without a limit on the path. The other limits
// stay the same as in the cluster.
func WithUnlimitedKey(config []byte, path, key string) ([]byte, error) {
	var parsed limits
	if err := yaml.Unmarshal(config, &parsed); err != nil {
		return nil, fmt.Errorf("rate limits: %w", err)
	}
	for i := range parsed.Descriptors {
		if at := &parsed.Descriptors[i]; at.Value == path {
			at.Descriptors = append(at.Descriptors, descriptor{
				Key: keyDescriptor, Value: key, RateLimit: map[string]any{"unlimited": true},
			})
			return yaml.Marshal(parsed)
		}
	}
	return nil, errors.New("rate limits: no descriptor for the path " + path)
}
