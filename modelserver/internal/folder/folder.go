// Package folder reads a model's folder as Hugging Face's optimum exports it.
package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/moodring/moodring/modelserver/internal/onnx"
	"github.com/moodring/moodring/modelserver/internal/token"
)

// Activation turns a network's outputs into scores.
type Activation string

// The activations of Hugging Face's text classification pipelines.
const (
	Softmax Activation = "softmax" // one label a text; the scores add up to 1
	Sigmoid Activation = "sigmoid" // any number of labels a text
	None    Activation = "none"    // the outputs are the scores
)

// Folder is a model's folder, without the weights.
type Folder struct {
	Network    string // path of the ONNX file
	Graph      *onnx.Graph
	Output     string // the output that holds the scores
	Labels     []string
	Activation Activation
	Tokenizer  *token.Tokenizer
	MaxTokens  int // longest text, markers included
	Pad        int64
}

// Open reads a folder.
func Open(dir string) (*Folder, error) {
	network, err := findNetwork(dir)
	if err != nil {
		return nil, err
	}
	config, err := readConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		return nil, err
	}
	f := &Folder{Network: network, Pad: config.Pad}
	if f.Graph, err = onnx.ReadGraph(network); err != nil {
		return nil, err
	}
	if err := f.readOutput(config); err != nil {
		return nil, err
	}
	if f.Tokenizer, err = token.Open(dir); err != nil {
		return nil, err
	}
	return f, f.readLimits(dir, config)
}

// networks are the names that optimum gives to an ONNX file, in the order of choice.
var networks = []string{"model.onnx", "model_quantized.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx"}

func findNetwork(dir string) (string, error) {
	for _, name := range networks {
		path := filepath.Join(dir, filepath.FromSlash(name))
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("network: %w", err)
		}
	}
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("model folder: %w; name the model's folder with --model_dir or --model", err)
	}
	return "", fmt.Errorf("model folder %s has no network; it needs one of %s", dir, strings.Join(networks, ", "))
}

// readOutput finds the output, and the activation that its name and the configuration ask for.
func (f *Folder) readOutput(config config) error {
	for _, output := range f.Graph.Outputs {
		if output.Name != "logits" && output.Name != "scores" && len(f.Graph.Outputs) > 1 {
			continue
		}
		if output.Rank != 2 && output.Rank != 0 {
			return fmt.Errorf("network %s: output %q has %d dimensions, want 2 (texts, labels); it is no text classifier", f.Network, output.Name, output.Rank)
		}
		if output.Type != onnx.Float {
			return fmt.Errorf("network %s: output %q has ONNX's element type %d, want float32", f.Network, output.Name, output.Type)
		}
		f.Output = output.Name
		labels, err := config.labels(int(output.Last))
		if err != nil {
			return err
		}
		f.Labels = labels
		f.Activation, err = config.activation(output.Name, len(labels))
		return err
	}
	return fmt.Errorf("network %s has no output named logits; it is no text classifier", f.Network)
}

// readLimits finds the longest text: the tokenizer's limit, and the number of the network's positions.
func (f *Folder) readLimits(dir string, config config) error {
	path := filepath.Join(dir, "tokenizer_config.json")
	var settings struct {
		MaxTokens *float64 `json:"model_max_length"` // 1e30 if the author gave none
		Side      string   `json:"truncation_side"`
	}
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &settings)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("tokenizer settings %s: %w", path, err)
	}
	if settings.Side != "" && settings.Side != "right" {
		return fmt.Errorf("tokenizer settings %s: texts are cut on the side %q; this server cuts on the right alone", path, settings.Side)
	}
	f.MaxTokens = config.positions()
	if settings.MaxTokens != nil && *settings.MaxTokens < float64(f.MaxTokens) {
		f.MaxTokens = int(*settings.MaxTokens)
	}
	if err := f.Tokenizer.Check(f.MaxTokens); err != nil {
		return fmt.Errorf("model folder %s: %w", dir, err)
	}
	if config.Vocabulary > 0 && f.Tokenizer.MaxID() >= config.Vocabulary {
		return fmt.Errorf("model folder %s: the tokenizer has the id %d, and the network's vocabulary has %d ids; the tokenizer belongs to another model", dir, f.Tokenizer.MaxID(), config.Vocabulary)
	}
	return nil
}
