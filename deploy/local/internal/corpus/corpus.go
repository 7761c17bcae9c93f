// Package corpus reads sentences to send: text;label, one a line.
package corpus

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Sentence is a text and the label its writer gave it. The label is a guess of
// what the model will say, and nothing is checked against it.
type Sentence struct{ Text, Label string }

const maxLineBytes = 64 << 10

// Read returns the sentences of a corpus called name. Empty lines are left out.
// An error names the line, not what stands in it.
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
// sentences: those of the label stand in it again and again, evenly spread among
// the others.
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
		return nil, fmt.Errorf("%d of the corpus's %d sentences are labelled %s: to double its share, take a corpus of which they are some, and less than half", n, len(sentences), label)
	}
	share := 2 * float64(len(with)) / float64(len(sentences))
	total := int(math.Round(float64(len(without)) / (1 - share)))
	doubled, more := make([]Sentence, total), total-len(without)
	for i := range doubled {
		if before := i * more / total; (i+1)*more/total > before {
			doubled[i] = with[before%len(with)]
		} else {
			doubled[i] = without[i-before]
		}
	}
	return doubled, nil
}
