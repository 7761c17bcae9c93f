// Package config reads the filter's configuration: the JSON of a WasmPlugin's
// pluginConfig.
package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/moodring/moodring/contract"
)

// Config is the filter's configuration. Parse gives every field its value.
type Config struct {
	// PlainCounters also counts answers under the bare label, as
	// joy{} 6 in /stats/prometheus.
	PlainCounters bool `json:"plainCounters"`

	MaxLabels int `json:"maxLabels"` // labels kept apart for one model, 1 to 1000
	MaxModels int `json:"maxModels"` // models kept apart, 1 to 1000
}

const mostOfAny = 1000

// Parse reads a configuration; none at all gives the defaults. It refuses what
// it does not know, in one line that says which key and what may stand there.
func Parse(data []byte) (Config, error) {
	config := Config{MaxLabels: contract.MaxLabels, MaxModels: contract.MaxModels}
	if len(bytes.TrimSpace(data)) == 0 {
		return config, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return Config{}, fmt.Errorf("pluginConfig: %w (known keys: plainCounters, maxLabels, maxModels)", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Config{}, errors.New("pluginConfig: more follows after the JSON object; give one object")
	}
	return config, config.check()
}

func (c Config) check() error {
	for _, limit := range []struct {
		key   string
		value int
	}{{"maxLabels", c.MaxLabels}, {"maxModels", c.MaxModels}} {
		if limit.value < 1 || limit.value > mostOfAny {
			return fmt.Errorf("pluginConfig: %s is %d; give 1 to %d", limit.key, limit.value, mostOfAny)
		}
	}
	return nil
}
