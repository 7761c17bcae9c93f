package stack

import (
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/deploy/local/internal/client"
	"github.com/moodring/moodring/deploy/local/internal/gateway"
	"github.com/moodring/moodring/deploy/local/internal/ratelimit"
)

// Config is a set of manifests, and the parts of them that the stack runs.
type Config struct {
	IsSeed      bool // the original demo's manifests, deploy/seed
	IsOpen      bool // without the authorization policy
	HasNoLimits bool // without rate limits
}

// gateway returns the configuration that Istio makes of the manifests.
func (c Config) gateway(root string) ([]byte, error) {
	name := "gateway.json"
	if c.IsSeed {
		name = "gateway-seed.json"
	}
	return os.ReadFile(filepath.Join(root, "deploy", "local", name))
}

// without returns the filters that the gateway does not run.
func (c Config) without() (filters []gateway.Filter) {
	if c.IsOpen {
		filters = append(filters, gateway.Authorization)
	}
	if c.HasNoLimits {
		filters = append(filters, gateway.RateLimits)
	}
	return filters
}

// limits returns the manifests' configuration of the rate limit service. Moodring's
// own gets UnlimitedKey. The original's limit on the path holds for every key.
func (c Config) limits(root string) ([]byte, error) {
	if c.IsSeed {
		return seedLimits(filepath.Join(root, "deploy", "seed", "ratelimit-config.yaml"))
	}
	limits, err := os.ReadFile(filepath.Join(root, "deploy", "ratelimit", "config.yaml"))
	if err != nil {
		return nil, err
	}
	return ratelimit.WithUnlimitedKey(limits, client.Path, UnlimitedKey)
}

// seedLimits reads the limits out of a ConfigMap.
func seedLimits(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var configMap struct {
		Data map[string]string `yaml:"data"`
	}
	if err := yaml.Unmarshal(text, &configMap); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return []byte(configMap.Data["config.yaml"]), nil
}
