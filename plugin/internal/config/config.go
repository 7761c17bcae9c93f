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

	// AcceptEncoding says what becomes of that header of predict requests:
	// DropEncoding, so that models answer in a form that can be read, or
	// KeepEncoding.
	AcceptEncoding string `json:"acceptEncoding"`

	MaxLabels int `json:"maxLabels"` // labels kept apart for one model, 1 to 1000
	MaxModels int `json:"maxModels"` // models kept apart, 1 to 1000
}

// Values of AcceptEncoding.
const (
	DropEncoding = "drop"
	KeepEncoding = "keep"
)

const mostOfAny = 1000

// Parse reads a configuration; none at all gives the defaults. It refuses what
// it does not know, in one line that says which key and what may stand there.
func Parse(data []byte) (Config, error) {
	config := Config{AcceptEncoding: DropEncoding, MaxLabels: contract.MaxLabels, MaxModels: contract.MaxModels}
	if len(bytes.TrimSpace(data)) == 0 {
		return config, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return Config{}, fmt.Errorf("pluginConfig: %w (known keys: plainCounters, acceptEncoding, maxLabels, maxModels)", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Config{}, errors.New("pluginConfig: more follows after the JSON object; give one object")
	}
	return config, config.check()
}

func (c Config) check() error {
	if c.AcceptEncoding != DropEncoding && c.AcceptEncoding != KeepEncoding {
		return fmt.Errorf("pluginConfig: acceptEncoding is %q; give %s or %s", c.AcceptEncoding, DropEncoding, KeepEncoding)
	}
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
