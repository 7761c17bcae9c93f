package rpc

import (
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/moodring/moodring/modelserver/internal/oip"
	"github.com/moodring/moodring/modelserver/internal/tensor"
)

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
