package v2

import (
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/moodring/moodring/modelserver/internal/model"
)

// FuzzDecode: every request that is let in has UTF-8 texts, and a reply can be written for it.
func FuzzDecode(f *testing.F) {
	const input = `{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],`
	f.Add([]byte(input+`"data":["a"]}],"outputs":[{"name":"label","parameters":{"binary_data":true}}],"id":"7"}`), "")
	f.Add([]byte(input+`"parameters":{"binary_data_size":5}}]}`+"\x01\x00\x00\x00a"), strconv.Itoa(len(input)+len(`"parameters":{"binary_data_size":5}}]}`)))
	f.Add([]byte(input+`"data":[["a"]]}],"parameters":{"binary_data_output":true}}`), "")
	f.Fuzz(func(t *testing.T, body []byte, length string) {
		request, err := Decode(body, length)
		if err != nil {
			return
		}
		answer := &model.Answer{Labels: []string{"a", "b"}}
		for _, text := range request.Texts {
			if !utf8.ValidString(text) {
				t.Fatalf("%q let %q in", body, text)
			}
			answer.Rows = append(answer.Rows, []float32{0.5, 0.5})
		}
		if _, _, err := request.Reply("m", "", answer); err != nil {
			t.Fatal(err)
		}
	})
}
