package baseline

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
)

const maxLineBytes = 64 << 10

// Count counts the labels of labelled texts, which have lines as text;label. An
// error names the line, and not its text.
func Count(of Model, file string, from io.Reader) (Distribution, error) {
	d := Distribution{Model: of, Counts: map[string]float64{}, Confidence: math.NaN(), Source: "labelled texts of " + file}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLineBytes)
	number := 1
	for ; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		at := strings.LastIndexByte(line, ';')
		if at < 0 || strings.TrimSpace(line[at+1:]) == "" {
			return Distribution{}, fmt.Errorf("corpus %s, line %d: no label; write text;label", file, number)
		}
		d.Counts[strings.TrimSpace(line[at+1:])]++
	}
	if err := lines.Err(); err != nil {
		return Distribution{}, fmt.Errorf("corpus %s, line %d: %w", file, number, err)
	}
	return d, nil
}
