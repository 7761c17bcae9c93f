// Package corpus reads sentences to send: text;label, one a line.
package corpus

import (
	"bufio"
	"errors"
	"fmt"
	"io"
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
