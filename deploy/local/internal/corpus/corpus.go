// Package corpus reads the sentences that the local stack sends. Each line of a
// corpus holds text;label.
package corpus

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Sentence is a text and the label that its author expects from the model. No
// count is compared with the label.
type Sentence struct{ Text, Label string }

const maxLineBytes = 64 << 10

// Read returns the sentences of the corpus called name, without empty lines. An
// error names the line number, never the text.
func Read(name string, from io.Reader) ([]Sentence, error) {
	var sentences []Sentence
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLineBytes)
	number := 1
	for ; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		sentence, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("corpus %s, line %d: %w", name, number, err)
		}
		sentences = append(sentences, sentence)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("corpus %s, line %d: %w", name, number, err)
	}
	if len(sentences) == 0 {
		return nil, fmt.Errorf("corpus %s: no sentence in it; write one a line, as text;label", name)
	}
	return sentences, nil
}

func parse(line string) (Sentence, error) {
	at := strings.LastIndexByte(line, ';')
	if at < 0 {
		return Sentence{}, errors.New("no semicolon; write text;label")
	}
	sentence := Sentence{strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:])}
	if sentence.Text == "" || sentence.Label == "" {
		return Sentence{}, errors.New("the text or the label is empty; write text;label")
	}
	return sentence, nil
}

// Doubled returns a corpus in which label has twice the share that it has in
// sentences. It repeats the label's sentences, spread evenly among the others.
func Doubled(sentences []Sentence, label string) ([]Sentence, error) {
	var with, without []Sentence
	for _, s := range sentences {
		if s.Label == label {
			with = append(with, s)
		} else {
			without = append(without, s)
		}
	}
	if n := len(with); n == 0 || 2*n >= len(sentences) {
		return nil, fmt.Errorf("%d of the corpus's %d sentences are labelled %s: to double its share, use a corpus with at least one, and less than half", n, len(sentences), label)
	}
	share := 2 * float64(len(with)) / float64(len(sentences))
	total := int(math.Round(float64(len(without)) / (1 - share)))
	doubled, labelled := make([]Sentence, total), total-len(without)
	for i := range doubled {
		if placed := i * labelled / total; (i+1)*labelled/total > placed {
			doubled[i] = with[placed%len(with)]
		} else {
			doubled[i] = without[i-placed]
		}
	}
	return doubled, nil
}
