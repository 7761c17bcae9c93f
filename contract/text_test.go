package contract

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	long := strings.Repeat("a", MaxLabelBytes)
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"short", "joy", "joy"},
		{"just short enough", long, long},
		{"one too long", long + "a", strings.Repeat("a", cutBytes) + "…ba20d66a82fdb40c"},
		{"never inside a character", strings.Repeat("é", MaxLabelBytes), strings.Repeat("é", cutBytes/2) + "…0e95369293b26d25"},
		{"a label that looks cut gets another hash", "a…0123456789abcdef", "a…0123456789abcdef…4e4975c9eba906cc"},
		{"an ellipsis alone is not a mark", "a…0123456789abcdeg", "a…0123456789abcdeg"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := gather(test.text, len(test.text))
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			for size := range len(test.text) {
				if pieces := gather(test.text, size+1); pieces != got {
					t.Fatalf("in pieces of %d: %q", size+1, pieces)
				}
			}
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add("a", "b")
	f.Add(strings.Repeat("a", 200), strings.Repeat("a", 201))
	f.Add("a…0123456789abcdef", strings.Repeat("a", 300))
	f.Fuzz(func(t *testing.T, a, b string) {
		cutA, cutB := gather(a, 7), gather(b, 7)
		if (a == b) != (cutA == cutB) {
			t.Errorf("%q and %q became %q and %q", a, b, cutA, cutB)
		}
		if len(cutA) > MaxLabelBytes+markLength || utf8.ValidString(a) && !utf8.ValidString(cutA) {
			t.Errorf("%q became %q", a, cutA)
		}
	})
}

func gather(text string, size int) string {
	var gathered Text
	for piece := []byte(text); len(piece) > 0; {
		n := min(size, len(piece))
		gathered.AddAll(piece[:n])
		piece = piece[n:]
	}
	return string(gathered.Append(nil))
}
