// Package v1 reads and writes KServe's V1 inference protocol
// (kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol).
package v1

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/moodring/moodring/modelserver/internal/model"
	"github.com/moodring/moodring/modelserver/internal/strictjson"
)

// Decode returns the texts of a predict request. "instances" is the protocol's own key; Hugging Face pipelines behind
// KServe take "input". Errors give the position of a mistake, and quote nothing from the body.
func Decode(body []byte) ([]string, error) {
	members, err := strictjson.Object(body)
	if err != nil {
		return nil, err
	}
	input, hasInput := members["input"]
	instances, hasInstances := members["instances"]
	switch {
	case !hasInput && !hasInstances:
		return nil, errors.New(`the body has no texts; want {"input": "..."} or {"instances": ["...", ...]}`)
	case hasInput && hasInstances:
		return nil, errors.New(`the body has both "input" and "instances"; want one of them`)
	case hasInstances:
		return list("instances", "a list of strings", instances)
	}
	var text *string
	if err := json.Unmarshal(input, &text); err == nil && text != nil {
		return []string{*text}, nil
	}
	return list("input", "a string or a list of strings", input)
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

// Encode returns the reply: for each text all labels with their scores, the highest score first. Equal scores keep the
// order of the labels.
func Encode(answer *model.Answer) ([]byte, error) {
	labels := make([][]byte, len(answer.Labels))
	for i, label := range answer.Labels {
		quoted, err := strictjson.Write(label)
		if err != nil {
			return nil, err
		}
		labels[i] = quoted
	}
	out := bytes.NewBufferString(`{"predictions":[`)
	for i, scores := range answer.Rows {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := writeRow(out, labels, scores); err != nil {
			return nil, err
		}
	}
	out.WriteString(`]}`)
	return out.Bytes(), nil
}

func writeRow(out *bytes.Buffer, labels [][]byte, scores []float32) error {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	out.WriteByte('[')
	for i, label := range order {
		if i > 0 {
			out.WriteByte(',')
		}
		number, err := json.Marshal(scores[label])
		if err != nil {
			return err
		}
		out.WriteString(`{"label":`)
		out.Write(labels[label])
		out.WriteString(`,"score":`)
		out.Write(number)
		out.WriteByte('}')
	}
	out.WriteByte(']')
	return nil
}
