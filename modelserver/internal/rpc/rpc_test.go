package rpc

import (
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/moodring/moodring/modelserver/internal/oip"
	"github.com/moodring/moodring/modelserver/internal/tensor"
)

// TestValues counts what a decoded message holds.
func TestValues(t *testing.T) {
	contents := &oip.InferTensorContents{BytesContents: [][]byte{nil, nil, nil}, IntContents: []int32{1, 2, 3, 4}}
	message := &oip.ModelInferRequest{
		Id:               "7",
		Parameters:       map[string]*oip.InferParameter{"a": {ParameterChoice: &oip.InferParameter_BoolParam{BoolParam: true}}},
		Inputs:           []*oip.ModelInferRequest_InferInputTensor{{Shape: []int64{1, 2}, Contents: contents}},
		RawInputContents: [][]byte{nil, []byte("abc")},
	}
	data, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	descriptor := message.ProtoReflect().Descriptor()
	// The id, four values of a parameter, the input with a shape of two, contents with three texts and a list of four, two raw contents.
	if got, want := values(data, descriptor), 1+4+2+2+1+3+1+4+2; got != want {
		t.Errorf("%d values, want %d", got, want)
	}
	for cut := range data {
		values(data[:cut], descriptor) // a damaged message ends the count
	}
}

// FuzzRequest: every message that is let in has as many UTF-8 texts as its shape says.
func FuzzRequest(f *testing.F) {
	input := &oip.ModelInferRequest_InferInputTensor{Name: "text", Datatype: "BYTES", Shape: []int64{1}}
	raw := &oip.ModelInferRequest{ModelName: "m", Inputs: []*oip.ModelInferRequest_InferInputTensor{input}, RawInputContents: [][]byte{tensor.AppendText(nil, "a")}}
	for _, message := range []proto.Message{raw, &oip.ModelInferRequest{}} {
		data, err := proto.Marshal(message)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var request oip.ModelInferRequest
		if proto.Unmarshal(data, &request) != nil {
			return
		}
		texts, err := readTexts(&request)
		if err != nil {
			return
		}
		if _, err := outputs(&request); err != nil {
			return
		}
		if int64(len(texts)) != request.GetInputs()[0].GetShape()[0] {
			t.Fatalf("%d texts for the shape %v", len(texts), request.GetInputs()[0].GetShape())
		}
		for _, text := range texts {
			if !utf8.ValidString(text) {
				t.Fatalf("%q was let in", text)
			}
		}
	})
}
