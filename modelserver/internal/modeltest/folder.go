package modeltest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Words is the vocabulary of Folder's tokenizer, in the order of the ids.
var Words = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "so", "very", "##ly", "!"}

// Weights are the numbers that each word adds to the labels good and bad.
var Weights = [][]float32{{7, 3}, {0, 0}, {0, 0}, {0, 0}, {2, 0}, {0, 2}, {0.5, 0.5}, {0.25, 0}, {0, 0.25}, {1, 1}}

// Files are the files of a folder by name.
type Files map[string]string

// Folder returns the files of a sound folder with the labels good and bad.
func Folder() Files {
	return Files{
		"model.onnx":  string(Network{Weights: Weights}.Encode()),
		"vocab.txt":   strings.Join(Words, "\n") + "\n",
		"config.json": `{"model_type":"bert","id2label":{"0":"good","1":"bad"},"vocab_size":10,"max_position_embeddings":16,"torch_dtype":"float32"}`,
	}
}

// With returns the files with one other file. An empty text removes the file.
func (f Files) With(name, text string) Files {
	f[name] = text
	if text == "" {
		delete(f, name)
	}
	return f
}

// Write writes the files into a folder of the test.
func (f Files) Write(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	f.WriteInto(t, dir)
	return dir
}

// WriteInto writes the files into a folder.
func (f Files) WriteInto(t testing.TB, dir string) {
	t.Helper()
	for name, text := range f {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Tokenizer returns a tokenizer.json of the words.
func Tokenizer(t testing.TB) string {
	t.Helper()
	tokens := map[string]int{}
	for id, word := range Words {
		tokens[word] = id
	}
	data, err := json.Marshal(map[string]any{
		"normalizer":     map[string]any{"type": "BertNormalizer"},
		"pre_tokenizer":  map[string]any{"type": "BertPreTokenizer"},
		"post_processor": map[string]any{"type": "BertProcessing", "cls": []any{"[CLS]", 2}, "sep": []any{"[SEP]", 3}},
		"model":          map[string]any{"type": "WordPiece", "vocab": tokens},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Library returns the path of ONNX Runtime. A test fails without the library.
func Library(t testing.TB) string {
	t.Helper()
	if given := os.Getenv("ONNXRUNTIME_LIB"); given != "" {
		return given
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, ".tools", "lib", "libonnxruntime.so")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatal("no ONNX Runtime; get it with `make tools`, or name its library in ONNXRUNTIME_LIB")
	return ""
}
