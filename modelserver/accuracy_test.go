package main

import (
	"fmt"
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

// TestSeveralLabels checks the labels above 0.5 of a model with several labels a text. The scores must be the same alone and in a batch.
func TestSeveralLabels(t *testing.T) {
	p := start(t, "--model", "model=models/goemotions")
	sentences := []struct{ text, labels string }{
		{"Thank you so much, this is hilarious!", "gratitude amusement"},
		{"I am so sorry, I never meant to hurt anybody.", "remorse sadness"},
		{"I miss my grandmother. She died last week.", "grief sadness"},
		{"Happy birthday! I love you all.", "love joy"},
		{"The train leaves at nine.", "neutral"},
		{"No, you are wrong about that.", "disapproval"},
	}
	var batch []string
	for _, sentence := range sentences {
		batch = append(batch, sentence.text)
	}
	for i, together := range p.predict(t, batch...) {
		alone := p.predict(t, batch[i])[0]
		if len(alone) != 28 || fmt.Sprint(alone) != fmt.Sprint(together) {
			t.Errorf("%q: %v alone, %v in a batch; want the same 28 scores", batch[i], alone, together)
		}
		var labels []string
		for _, label := range alone {
			if label.Score > 0.5 {
				labels = append(labels, label.Label)
			}
		}
		if got := strings.Join(labels, " "); got != sentences[i].labels {
			t.Errorf("%q: the labels are %s, want %s", batch[i], got, sentences[i].labels)
		}
	}
}
