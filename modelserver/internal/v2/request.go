// Package v2 reads and writes the Open Inference Protocol over REST (KServe's V2), with its binary tensor extension.
package v2

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/moodring/moodring/modelserver/internal/strictjson"
	"github.com/moodring/moodring/modelserver/internal/tensor"
)

// HeaderLength is the HTTP header with the length of the JSON before binary tensors.
const HeaderLength = "Inference-Header-Content-Length"

// Request is an inference request.
type Request struct {
	ID      string
	Texts   []string
	outputs []output
}

// output is a requested output.
type output struct {
	name   string
	binary bool
}

// Decode reads a request. HeaderLength's value is empty if all of the body is JSON. Errors quote nothing from the body.
func Decode(body []byte, headerLength string) (*Request, error) {
	header, binary, err := cut(body, headerLength)
	if err != nil {
		return nil, err
	}
	members, err := strictjson.Object(header)
	if err != nil {
		return nil, err
	}
	r := &Request{}
	if err := optional(members, "id", "a string", &r.ID); err != nil {
		return nil, err
	}
	common, err := parameters(members)
	if err != nil {
		return nil, err
	}
	if r.Texts, err = readInputs(members["inputs"], binary); err != nil {
		return nil, err
	}
	r.outputs, err = readOutputs(members["outputs"], common.binaryOutput)
	return r, err
}

// cut separates the JSON from the binary tensors after it.
func cut(body []byte, headerLength string) (header, binary []byte, err error) {
	if headerLength == "" {
		return body, nil, nil
	}
	size, err := strconv.ParseUint(headerLength, 10, 31)
	if err != nil || size > uint64(len(body)) {
		return nil, nil, fmt.Errorf("the header %s is no length within the body", HeaderLength)
	}
	return body[:size], body[size:], nil
}

// optional reads a member that may be missing or null.
func optional(members map[string]json.RawMessage, key, want string, value any) error {
	raw, ok := members[key]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, value); err != nil {
		return fmt.Errorf("%q must be %s", key, want)
	}
	return nil
}

// options are the parameters that the server follows. Others are for other servers.
type options struct {
	binarySize     *int64
	binary         bool
	binaryOutput   bool
	classification bool
}

// parameters reads the object "parameters" of a request or of a tensor.
func parameters(members map[string]json.RawMessage) (o options, err error) {
	var all map[string]json.RawMessage
	if err := optional(members, "parameters", "an object", &all); err != nil {
		return o, err
	}
	_, o.classification = all["classification"]
	return o, errors.Join(
		optional(all, "binary_data_size", "a whole number", &o.binarySize),
		optional(all, "binary_data", "true or false", &o.binary),
		optional(all, "binary_data_output", "true or false", &o.binaryOutput),
	)
}

// objects reads a list of objects.
func objects(key string, raw json.RawMessage) ([]map[string]json.RawMessage, error) {
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("%q must be a list of objects", key)
	}
	for i, members := range list {
		if members == nil {
			return nil, fmt.Errorf("%q must be a list of objects; number %d is null", key, i+1)
		}
	}
	return list, nil
}

func readInputs(raw json.RawMessage, binary []byte) ([]string, error) {
	if raw == nil {
		return nil, errors.New(`the body has no "inputs"; want one input of datatype BYTES`)
	}
	inputs, err := objects("inputs", raw)
	if err != nil {
		return nil, err
	}
	if len(inputs) != 1 {
		return nil, fmt.Errorf("the body has %d inputs; the model has one, %q", len(inputs), tensor.Input)
	}
	var name, datatype string
	var shape []int64
	if err := errors.Join(
		optional(inputs[0], "name", "a string", &name),
		optional(inputs[0], "datatype", "a string", &datatype),
		optional(inputs[0], "shape", "a list of whole numbers", &shape),
	); err != nil {
		return nil, err
	}
	if err := tensor.Check(name, datatype, shape); err != nil {
		return nil, err
	}
	texts, err := readTexts(inputs[0], binary)
	if err != nil {
		return nil, err
	}
	return texts, tensor.CheckCount(shape, len(texts))
}

// readTexts reads an input's texts, from its JSON or from the binary data.
func readTexts(input map[string]json.RawMessage, binary []byte) ([]string, error) {
	settings, err := parameters(input)
	if err != nil {
		return nil, err
	}
	data, hasData := input["data"]
	switch {
	case settings.binarySize != nil && hasData:
		return nil, errors.New(`the input has both "data" and binary data; want one of them`)
	case settings.binarySize != nil && *settings.binarySize != int64(len(binary)):
		return nil, fmt.Errorf("the input has %d bytes of binary data, and its binary_data_size is %d", len(binary), *settings.binarySize)
	case settings.binarySize != nil:
		return tensor.Texts(binary)
	case len(binary) > 0:
		return nil, errors.New("the body has binary data, and no input has a binary_data_size")
	case !hasData:
		return nil, errors.New(`the input has no "data"`)
	}
	return flatten(data)
}

// flatten reads a list of texts. As the protocol allows, each text may be in a list of its own.
func flatten(raw json.RawMessage) ([]string, error) {
	const want = `"data" must be a list of strings`
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil || items == nil {
		return nil, errors.New(want)
	}
	texts := make([]string, len(items))
	for i, item := range items {
		var text *string
		var row []*string
		switch {
		case json.Unmarshal(item, &text) == nil && text != nil:
			texts[i] = *text
		case json.Unmarshal(item, &row) == nil && len(row) == 1 && row[0] != nil:
			texts[i] = *row[0]
		default:
			return nil, fmt.Errorf("%s; number %d is none", want, i+1)
		}
	}
	return texts, nil
}

// readOutputs reads the requested outputs. Without a request both are sent.
func readOutputs(raw json.RawMessage, binary bool) ([]output, error) {
	var list []map[string]json.RawMessage
	if raw != nil {
		var err error
		if list, err = objects("outputs", raw); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return []output{{tensor.Label, binary}, {tensor.Scores, binary}}, nil
	}
	outputs, names := make([]output, len(list)), make([]string, len(list))
	for i, members := range list {
		settings := options{binary: binary}
		if _, ok := members["parameters"]; ok {
			var err error
			if settings, err = parameters(members); err != nil {
				return nil, err
			}
		}
		if err := optional(members, "name", "a string", &names[i]); err != nil {
			return nil, err
		}
		if settings.classification {
			return nil, errors.New(`the output parameter "classification" is not offered; the output "label" has the names`)
		}
		outputs[i] = output{names[i], settings.binary}
	}
	return outputs, CheckOutputs(names)
}

// CheckOutputs returns an error if a requested output is unknown, or requested twice: a reply would have no bound.
func CheckOutputs(names []string) error {
	seen := map[string]bool{}
	for _, name := range names {
		if name != tensor.Label && name != tensor.Scores {
			return fmt.Errorf("a requested output is unknown; the model has %q and %q", tensor.Label, tensor.Scores)
		}
		if seen[name] {
			return fmt.Errorf("the output %q is requested twice", name)
		}
		seen[name] = true
	}
	return nil
}
