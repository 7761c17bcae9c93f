package corpus

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	tests := []struct {
		name, text string
		want       []Sentence
		wantErr    string
	}{
		{"two", "i feel fine;joy\n\n what; a day ; surprise \r\n", []Sentence{{"i feel fine", "joy"}, {"what; a day", "surprise"}}, ""},
		{"no semicolon", "a;joy\nb\n", nil, "corpus c.txt, line 2: no semicolon; write text;label"},
		{"no label", "a;\n", nil, "corpus c.txt, line 1: the text or the label is empty; write text;label"},
		{"no text", ";joy", nil, "corpus c.txt, line 1: the text or the label is empty; write text;label"},
		{"nothing", "\n", nil, "corpus c.txt: no sentence in it; write one a line, as text;label"},
		{"a line without end", strings.Repeat("x", maxLineBytes), nil, "corpus c.txt, line 1: bufio.Scanner: token too long"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Read("c.txt", strings.NewReader(test.text))
			if message := ""; err != nil {
				if message = err.Error(); message != test.wantErr {
					t.Errorf("error %s, want %s", message, test.wantErr)
				}
			} else if test.wantErr != "" {
				t.Errorf("no error, want %s", test.wantErr)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
