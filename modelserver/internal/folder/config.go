package folder

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

// config is Hugging Face's config.json. Its other keys say nothing about a text's scores.
type config struct {
	path       string
	Kind       string            `json:"model_type"`
	Names      map[string]string `json:"id2label"`
	Problem    string            `json:"problem_type"`
	Positions  int               `json:"max_position_embeddings"`
	GPT        int               `json:"n_positions"`
	Vocabulary int64             `json:"vocab_size"`
	Pad        int64             `json:"pad_token_id"`
}

func readConfig(path string) (config, error) {
	c := config{path: path}
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("model configuration: %w", err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("model configuration %s: %w", path, err)
	}
	return c, nil
}

// labels returns the names of the outputs in their order. A name that is missing is LABEL_i, as in Hugging Face's
// transformers. Size is the number of outputs, or 0 if the network does not say.
func (c config) labels(size int) ([]string, error) {
	if size == 0 {
		size = len(c.Names)
	}
	if size == 0 {
		return nil, fmt.Errorf("model configuration %s: neither id2label nor the network says how many labels the model has", c.path)
	}
	if len(c.Names) > size {
		return nil, fmt.Errorf("model configuration %s: id2label names %d labels, and the network has %d outputs; the configuration belongs to another model", c.path, len(c.Names), size)
	}
	labels := make([]string, size)
	for i := range labels {
		labels[i] = "LABEL_" + strconv.Itoa(i)
	}
	for key, name := range c.Names {
		at, err := strconv.Atoi(key)
		if err != nil || at < 0 || at >= size {
			return nil, fmt.Errorf("model configuration %s: id2label has the id %q; want 0 to %d", c.path, key, size-1)
		}
		labels[at] = name
	}
	return labels, c.checkNames(labels)
}

func (c config) checkNames(labels []string) error {
	seen := map[string]bool{}
	for _, label := range labels {
		if seen[label] {
			return fmt.Errorf("model configuration %s: id2label names the label %q twice", c.path, label)
		}
		seen[label] = true
	}
	return nil
}

// activation follows Hugging Face's pipeline. An output named scores has its activation in the network.
func (c config) activation(output string, labels int) (Activation, error) {
	switch c.Problem {
	case "regression", "multi_label_classification", "single_label_classification", "":
	default:
		return "", fmt.Errorf("model configuration %s: problem_type %q is unknown; want single_label_classification, multi_label_classification or regression", c.path, c.Problem)
	}
	switch {
	case c.Problem == "regression" || output == "scores":
		return None, nil
	case c.Problem == "multi_label_classification" || labels == 1:
		return Sigmoid, nil
	}
	return Softmax, nil
}

// defaultPositions is BERT's limit, for networks without positions of their own.
const defaultPositions = 512

// positions returns the longest text that the network has positions for. Networks of RoBERTa's kind count positions from
// the pad id's successor on.
func (c config) positions() int {
	positions := max(c.Positions, c.GPT)
	if positions == 0 {
		positions = defaultPositions
	}
	switch c.Kind {
	case "roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "longformer", "mpnet", "xmod":
		positions -= 2
	}
	return positions
}
