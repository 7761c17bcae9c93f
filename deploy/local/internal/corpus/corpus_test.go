package corpus

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDoubled(t *testing.T) {
	many := func(joy, other int) []Sentence {
		sentences := slices.Repeat([]Sentence{{"a", "joy"}}, joy)
		return append(sentences, slices.Repeat([]Sentence{{"b", "fear"}}, other)...)
	}
	tests := []struct {
		name       string
		joy, other int
		wantJoy    int
		wantErr    string
	}{
		{"a sixth", 50, 250, 125, ""},
		{"a third", 2, 4, 8, ""},
		{"one of a hundred", 1, 99, 2, ""},
		{"none", 0, 9, 0, "0 of the corpus's 9 sentences are labelled joy: to double its share, use a corpus with at least one, and less than half"},
		{"half", 5, 5, 0, "5 of the corpus's 10 sentences are labelled joy: to double its share, use a corpus with at least one, and less than half"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Doubled(many(test.joy, test.other), "joy")
			if err != nil || test.wantErr != "" {
				if err == nil || err.Error() != test.wantErr {
					t.Errorf("error %v, want %s", err, test.wantErr)
				}
				return
			}
			joy := 0
			for i, s := range got {
				if s.Label == "joy" {
					joy++
				}
				// Evenly spread: each prefix has the exact share, within one sentence.
				if even := float64((i+1)*test.wantJoy) / float64(len(got)); math.Abs(float64(joy)-even) >= 1 {
					t.Fatalf("%d of the first %d are joy, want about %.1f", joy, i+1, even)
				}
			}
			if joy != test.wantJoy || len(got)-joy != test.other {
				t.Errorf("%d of joy and %d others, want %d and %d", joy, len(got)-joy, test.wantJoy, test.other)
			}
		})
	}
}

// TestDoubledKeepsAll: the doubled corpus contains each sentence of the corpus.
func TestDoubledKeepsAll(t *testing.T) {
	sentences := []Sentence{{"a", "joy"}, {"b", "joy"}, {"c", "fear"}, {"d", "love"}, {"e", "fear"}}
	got, err := Doubled(sentences, "joy")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sentences {
		if !slices.Contains(got, s) {
			t.Errorf("no %v in %v", s, got)
		}
	}
}

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
