package token

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// vocabulary is the server's own vocabulary, from which testdata/golden.py makes the golden ids.
const vocabulary = "../../models/bert-emotion-model/vocab.txt"

func open(t testing.TB, maxTokens int) *Tokenizer {
	t.Helper()
	tokenizer, err := Open(vocabulary, maxTokens)
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}

// TestGolden compares the ids with those of Hugging Face's tokenizer, recorded by testdata/golden.py.
func TestGolden(t *testing.T) {
	tokenizer, count := open(t, 64), 0
	for text, want := range golden(t) {
		count++
		if diff := cmp.Diff(want, tokenizer.Encode(text)); diff != "" {
			t.Errorf("Encode(%.80q) (-want +got):\n%s", text, diff)
		}
	}
	if count < 300 {
		t.Errorf("%d different texts in testdata/golden.jsonl, want at least 300", count)
	}
}

func golden(t testing.TB) map[string][]int64 {
	t.Helper()
	file, err := os.Open("testdata/golden.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	found := map[string][]int64{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var row struct {
			Text string
			IDs  []int64
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		found[row.Text] = row.IDs
	}
	return found
}

func TestEncodeOwnRules(t *testing.T) {
	tokenizer := open(t, 64)
	for name, test := range map[string]struct{ text, same string }{
		"a marker in a text is text":    {"[SEP]", "[ sep ]"},
		"bytes that are not UTF-8 drop": {"a\xff\xfeb", "ab"},
		"half a rune drops":             {"ab\xe4\xb8", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tokenizer.Encode(test.same), tokenizer.Encode(test.text)); diff != "" {
				t.Errorf("Encode(%q) is not Encode(%q) (-want +got):\n%s", test.text, test.same, diff)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	notBert := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(notBert, []byte("one\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		path      string
		maxTokens int
		want      string
	}{
		"missing file":     {"testdata/none.txt", 64, "vocabulary: open testdata/none.txt"},
		"other words":      {notBert, 64, "it is no BERT vocabulary"},
		"no room for text": {vocabulary, 2, "want at least 3"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Open(test.path, test.maxTokens); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Open: %v, want an error with %q", err, test.want)
			}
		})
	}
}

// FuzzEncode checks for any bytes that the ids start with [CLS], end with [SEP], and are within the limit and the
// vocabulary.
func FuzzEncode(f *testing.F) {
	for text := range golden(f) {
		f.Add(text)
	}
	tokenizer := open(f, 16)
	size := int64(len(tokenizer.first) + len(tokenizer.next))
	f.Fuzz(func(t *testing.T, text string) {
		ids := tokenizer.Encode(text)
		if len(ids) < 2 || len(ids) > 16 || ids[0] != tokenizer.cls || ids[len(ids)-1] != tokenizer.sep {
			t.Fatalf("Encode(%q) = %v", text, ids)
		}
		for _, id := range ids[1 : len(ids)-1] {
			if id < 0 || id >= size || id == tokenizer.cls || id == tokenizer.sep {
				t.Fatalf("Encode(%q) = %v, with id %d", text, ids, id)
			}
		}
		if valid := strings.ToValidUTF8(text, string(utf8.RuneError)); !cmp.Equal(ids, tokenizer.Encode(valid)) {
			t.Fatalf("Encode(%q) changes when invalid bytes become replacement characters", text)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	tokenizer := open(b, 64)
	b.ReportAllocs()
	for b.Loop() {
		tokenizer.Encode("i was feeling rather gloomy until my sister called, and now i am over the moon")
	}
}
