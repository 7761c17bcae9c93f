package v1

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/moodring/moodring/modelserver/internal/model"
)

func TestEncode(t *testing.T) {
	answer := &model.Answer{Labels: []string{"a", "<b>", `"c"`}, Rows: [][]float32{{0.25, 0.5, 0.25}, {0, 1e-9, 1}}}
	got, err := Encode(answer)
	want := `{"predictions":[[{"label":"<b>","score":0.5},{"label":"a","score":0.25},{"label":"\"c\"","score":0.25}],` +
		`[{"label":"\"c\"","score":1},{"label":"<b>","score":1e-9},{"label":"a","score":0}]]}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// FuzzDecode: texts that are let in are UTF-8, and no error quotes the body.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{`{"input":"a"}`, `{"input":["a","\ud83d\ude42"]}`, `{"instances":["a",null]}`, `{"instances":7}`, `{"input":null}`, `[]`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		texts, err := Decode(body)
		if err != nil {
			if len(body) > 20 && strings.Contains(err.Error(), string(body)) {
				t.Fatalf("%q: the error quotes the body: %v", body, err)
			}
			return
		}
		for _, text := range texts {
			if !utf8.ValidString(text) {
				t.Fatalf("%q let %q in", body, text)
			}
		}
	})
}
