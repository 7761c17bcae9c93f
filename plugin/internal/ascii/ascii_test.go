package ascii

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"
)

// TestTexts compares the functions with the packages that they stand for.
func TestTexts(t *testing.T) {
	words := []string{"", "a", "b", "ab", "ba", "aba", "abab", "aa", "x", "aB", "`", "@A", "a longer text", "a longer test", "a longeR text", "a longer text with", "A longer text", "text", "eight---", "eight--+"}
	for _, text := range words {
		for _, word := range words {
			if got, want := ContainsFold(text, strings.ToLower(word)), strings.Contains(strings.ToLower(text), strings.ToLower(word)); got != want {
				t.Errorf("ContainsFold(%q, %q) = %v", text, word, got)
			}
			if got, want := Equal([]byte(text), []byte(word)), text == word; got != want {
				t.Errorf("Equal(%q, %q) = %v", text, word, got)
			}
			if got, want := HasPrefix([]byte(text), word), strings.HasPrefix(text, word); got != want {
				t.Errorf("HasPrefix(%q, %q) = %v", text, word, got)
			}
			if got, want := HasSuffix(text, word), strings.HasSuffix(text, word); got != want {
				t.Errorf("HasSuffix(%q, %q) = %v", text, word, got)
			}
			rest, ok := CutPrefix(text, word)
			if want, wantOK := strings.CutPrefix(text, word); rest != want || ok != wantOK {
				t.Errorf("CutPrefix(%q, %q) = %q, %v", text, word, rest, ok)
			}
			rest, ok = CutSuffix(text, word)
			if want, wantOK := strings.CutSuffix(text, word); rest != want || ok != wantOK {
				t.Errorf("CutSuffix(%q, %q) = %q, %v", text, word, rest, ok)
			}
		}
		for _, c := range []byte("abx ") {
			if got, want := IndexByte(text, c), strings.IndexByte(text, c); got != want {
				t.Errorf("IndexByte(%q, %q) = %d, want %d", text, c, got, want)
			}
			if got, want := LastIndexByte([]byte(text), c), bytes.LastIndexByte([]byte(text), c); got != want {
				t.Errorf("LastIndexByte(%q, %q) = %d, want %d", text, c, got, want)
			}
			before, after, ok := Cut(text, c)
			if wantBefore, wantAfter, wantOK := strings.Cut(text, string(c)); before != wantBefore || after != wantAfter || ok != wantOK {
				t.Errorf("Cut(%q, %q) = %q, %q, %v", text, c, before, after, ok)
			}
		}
	}
}

func TestIntegers(t *testing.T) {
	for _, value := range []int{0, 1, -1, 9, 10, -10, 123456789, math.MaxInt64, math.MinInt64} {
		if got := Int(value); got != strconv.Itoa(value) {
			t.Errorf("Int(%d) = %s", value, got)
		}
	}
}
