// Package ratelimit makes the local rate limit service's configuration out of
// the one that the manifests give it in a cluster.
package ratelimit

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// The parts of the service's configuration that are read and written here
// (envoyproxy/ratelimit, README, "Configuration").
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

// WithUnlimited returns the configuration with one API key that has no limit on
// the given path. All else stays as in the cluster.
func WithUnlimited(config []byte, path, key string) ([]byte, error) {
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
