package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/moodring/moodring/modelserver/internal/model"
)

// requestV1 is KServe's V1 predict request, https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol.
// "instances" is the protocol's own key; Hugging Face pipelines behind KServe take "input".
type requestV1 struct {
	Input     json.RawMessage `json:"input"`
	Instances json.RawMessage `json:"instances"`
}

// decodeV1 returns the texts of a body. Its errors give the position of a mistake, and quote nothing from the body.
func decodeV1(body []byte) ([]string, error) {
	var request requestV1
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, withoutText(err)
	}
	switch {
	case request.Input == nil && request.Instances == nil:
		return nil, errors.New(`the body has no texts; want {"input": "..."} or {"instances": ["...", ...]}`)
	case request.Input != nil && request.Instances != nil:
		return nil, errors.New(`the body has both "input" and "instances"; want one of them`)
	case request.Instances != nil:
		return list("instances", "a list of strings", request.Instances)
	}
	var text *string
	if err := json.Unmarshal(request.Input, &text); err == nil && text != nil {
		return []string{*text}, nil
	}
	return list("input", "a string or a list of strings", request.Input)
}

// list reads a JSON list of strings; null is neither a list nor a string.
func list(key, want string, raw json.RawMessage) ([]string, error) {
	var items []*string
	if err := json.Unmarshal(raw, &items); err != nil || items == nil {
		return nil, fmt.Errorf("%q must be %s", key, want)
	}
	texts := make([]string, len(items))
	for i, text := range items {
		if text == nil {
			return nil, fmt.Errorf("%q must be %s; number %d is null", key, want, i+1)
		}
		texts[i] = *text
	}
	return texts, nil
}

// withoutText keeps the position of a JSON error, and drops its message, which quotes the body.
func withoutText(err error) error {
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		return fmt.Errorf("the body is not JSON (byte %d)", syntax.Offset)
	}
	return errors.New("the body is not a JSON object")
}

// encode returns compact JSON as KServe writes it, without a final newline and without HTML escapes.
func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

type predictionsV1 struct {
	Predictions []model.Prediction `json:"predictions"`
}

type modelsV1 struct {
	Models []string `json:"models"`
}

// readyV1 has the readiness as a string, as KServe does.
type readyV1 struct {
	Name  string `json:"name"`
	Ready string `json:"ready"`
}

type aliveV1 struct {
	Status string `json:"status"`
}

type errorV1 struct {
	Error string `json:"error"`
}
