package v2

import (
	"github.com/moodring/moodring/modelserver/internal/model"
	"github.com/moodring/moodring/modelserver/internal/strictjson"
	"github.com/moodring/moodring/modelserver/internal/tensor"
)

// Platform is the platform that metadata name, in the protocol's form PROJECT_FORMAT.
const Platform = "onnxruntime_onnx"

// Version is the version of every model: a folder holds one.
const Version = "1"

// Extensions are the protocol's extensions that the server has.
var Extensions = []string{"binary_tensor_data"}

// Truncated is the parameter of a reply with the number of texts that were cut.
const Truncated = "truncated_texts"

type reply struct {
	Model      string         `json:"model_name"`
	Version    string         `json:"model_version,omitempty"`
	ID         string         `json:"id,omitempty"`
	Parameters map[string]any `json:"parameters,omitempty"`
	Outputs    []replyOutput  `json:"outputs"`
}

type replyOutput struct {
	Name       string         `json:"name"`
	Datatype   string         `json:"datatype"`
	Shape      []int          `json:"shape"`
	Parameters map[string]any `json:"parameters,omitempty"`
	Data       any            `json:"data,omitempty"`
}

// Reply returns the reply's body, and the length of the JSON in it, or 0 if all of it is JSON. Version is the version in
// the request's path: a reply names no version that the caller did not name.
func (r *Request) Reply(name, version string, answer *model.Answer) (body []byte, headerLength int, err error) {
	out := reply{Model: name, Version: version, ID: r.ID}
	if answer.Truncated > 0 {
		out.Parameters = map[string]any{Truncated: answer.Truncated}
	}
	var binary []byte
	for _, wanted := range r.outputs {
		described := describe(wanted.name, answer)
		if wanted.binary {
			before := len(binary)
			binary = Append(binary, wanted.name, answer)
			described.Parameters = map[string]any{"binary_data_size": len(binary) - before}
		} else {
			described.Data = data(wanted.name, answer)
		}
		out.Outputs = append(out.Outputs, described)
	}
	header, err := strictjson.Write(out)
	if err != nil || !r.wantsBinary() {
		return header, 0, err
	}
	return append(header, binary...), len(header), nil
}

func (r *Request) wantsBinary() bool {
	for _, wanted := range r.outputs {
		if wanted.binary {
			return true
		}
	}
	return false
}

// Shape returns the shape and the datatype of an output.
func Shape(name string, answer *model.Answer) (shape []int, datatype string) {
	if name == tensor.Label {
		return []int{len(answer.Rows)}, tensor.Bytes
	}
	return []int{len(answer.Rows), len(answer.Labels)}, tensor.Float
}

func describe(name string, answer *model.Answer) replyOutput {
	shape, datatype := Shape(name, answer)
	return replyOutput{Name: name, Datatype: datatype, Shape: shape}
}

// Append appends the binary form of an output.
func Append(data []byte, name string, answer *model.Answer) []byte {
	for i, scores := range answer.Rows {
		if name == tensor.Label {
			data = tensor.AppendText(data, answer.Labels[answer.Top(i)])
		} else {
			data = tensor.AppendFloats(data, scores)
		}
	}
	return data
}

// data returns an output's content for JSON: a flat list, as KServe's own servers write it.
func data(name string, answer *model.Answer) any {
	if name == tensor.Label {
		labels := make([]string, len(answer.Rows))
		for i := range labels {
			labels[i] = answer.Labels[answer.Top(i)]
		}
		return labels
	}
	scores := make([]float32, 0, len(answer.Rows)*len(answer.Labels))
	for _, row := range answer.Rows {
		scores = append(scores, row...)
	}
	return scores
}

// Tensor describes an input or an output in a model's metadata.
type Tensor struct {
	Name     string `json:"name"`
	Datatype string `json:"datatype"`
	Shape    []int  `json:"shape"`
}

// Metadata is a model's metadata.
type Metadata struct {
	Name       string         `json:"name"`
	Versions   []string       `json:"versions"`
	Platform   string         `json:"platform"`
	Inputs     []Tensor       `json:"inputs"`
	Outputs    []Tensor       `json:"outputs"`
	Parameters map[string]any `json:"parameters"`
}

// Describe returns a model's metadata. The parameters hold the properties for which the protocol has no field.
func Describe(m *model.Model) Metadata {
	return Metadata{
		Name:     m.Name,
		Versions: []string{Version},
		Platform: Platform,
		Inputs:   []Tensor{{tensor.Input, tensor.Bytes, []int{-1}}},
		Outputs:  []Tensor{{tensor.Label, tensor.Bytes, []int{-1}}, {tensor.Scores, tensor.Float, []int{-1, len(m.Labels())}}},
		Parameters: map[string]any{
			"labels": m.Labels(), "batching": m.Batching(), "max_tokens": m.MaxTokens(),
		},
	}
}
