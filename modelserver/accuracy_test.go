package main

import (
	"os"
	"strings"
	"testing"
)

// sentence is a text with its right label.
type sentence struct{ text, label string }

func readSentences(t *testing.T, path string) []sentence {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []sentence
	for line := range strings.Lines(string(data)) {
		at := strings.LastIndex(line, ";")
		if at < 0 {
			t.Fatalf("%s: want text;label: %q", path, line)
		}
		all = append(all, sentence{line[:at], strings.TrimSpace(line[at+1:])})
	}
	return all
}

// TestEverydaySentences checks the share of right labels of sentences that are of another form than the model's training rows.
// The sentences of the original demo must all be right.
func TestEverydaySentences(t *testing.T) {
	p := start(t, "--model_dir", modelDir)
	for path, least := range map[string]float64{"train/everyday.txt": 0.85, "train/demo.txt": 1} {
		sentences, right := readSentences(t, path), 0
		var wrong strings.Builder
		for _, s := range sentences {
			got := p.predict(t, s.text)[0][0]
			if got.Label == s.label {
				right++
				continue
			}
			wrong.WriteString("\n" + got.Label + ", not " + s.label + ": " + s.text)
		}
		if share := float64(right) / float64(len(sentences)); share < least {
			t.Errorf("%s: %d of %d labels are right, want a share of %v; the wrong ones:%s", path, right, len(sentences), least, wrong.String())
		}
	}
}
