package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// Config is a model folder's config.json.
type Config struct {
	// Labels are the names of the model's outputs, in their order.
	Labels []string `json:"labels"`
	// MaxTokens is the largest number of ids per text in training, [CLS] and [SEP] included.
	MaxTokens int `json:"max_tokens"`
}

// ReadConfig reads and checks a config.json. An unknown key is an error.
func ReadConfig(path string) (Config, error) {
	var config Config
	data, err := os.ReadFile(path)
	if err != nil {
		return config, fmt.Errorf("model configuration: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return config, fmt.Errorf("model configuration %s: %w", path, err)
	}
	return config, config.check(path)
}

func (c Config) check(path string) error {
	if len(c.Labels) == 0 {
		return fmt.Errorf("model configuration %s: no labels; list the model's outputs in their order", path)
	}
	seen := map[string]bool{}
	for _, label := range c.Labels {
		if seen[label] {
			return fmt.Errorf("model configuration %s: label %q is listed twice", path, label)
		}
		seen[label] = true
	}
	return nil
}
