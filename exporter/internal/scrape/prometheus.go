package scrape

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ReadPrometheus reads Prometheus's text format, as Envoy's /stats/prometheus
// writes it, and gives each sample to emit. Comments, and with them HELP and
// TYPE, are passed over, and a timestamp is checked and left out. A line longer
// than maxLine bytes, a malformed one, and a last one without its newline,
// which a cut page has, are errors that name the line.
func ReadPrometheus(r io.Reader, maxLine int, emit func(Sample)) error {
	lines := bufio.NewReaderSize(r, maxLine+1)
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("line %d has no end: the page was cut", number)
		case errors.Is(err, bufio.ErrBufferFull) || len(line) > maxLine+1:
			return fmt.Errorf("line %d is longer than %d bytes: if the page is right, raise scrape.max_line_bytes", number, maxLine)
		case err != nil:
			return err
		}
		text := strings.TrimLeft(string(line[:len(line)-1]), " \t")
		if text == "" || text[0] == '#' {
			continue
		}
		sample, err := parseLine(text)
		if err != nil {
			return fmt.Errorf("line %d is not in Prometheus's text format: %w", number, err)
		}
		emit(sample)
	}
}

// parseLine reads name{key="value",...} value timestamp. What it returns
// shares the memory of line.
func parseLine(line string) (Sample, error) {
	end := nameLength(line, ":")
	if end == 0 {
		return Sample{}, errors.New("no metric name")
	}
	sample, rest := Sample{Name: line[:end]}, skipBlanks(line[end:])
	var err error
	if strings.HasPrefix(rest, "{") {
		if sample.Labels, rest, err = parseLabels(rest[1:]); err != nil {
			return Sample{}, err
		}
	}
	sample.Value, err = parseValue(rest)
	return sample, err
}

// parseLabels reads up to and with the closing brace.
func parseLabels(text string) (found []Label, rest string, err error) {
	text = skipBlanks(text)
	for !strings.HasPrefix(text, "}") {
		var label Label
		if label, text, err = parseLabel(text); err != nil {
			return nil, "", err
		}
		found = append(found, label)
		if after, ok := strings.CutPrefix(text, ","); ok {
			text = skipBlanks(after)
		} else if !strings.HasPrefix(text, "}") {
			return nil, "", errors.New("no , or } after a label")
		}
	}
	return found, skipBlanks(text[1:]), nil
}

func parseLabel(text string) (label Label, rest string, err error) {
	end := nameLength(text, "")
	if end == 0 {
		return Label{}, "", errors.New("no label name")
	}
	label.Name = text[:end]
	rest, ok := strings.CutPrefix(skipBlanks(text[end:]), "=")
	if !ok {
		return Label{}, "", errors.New("no = after a label's name")
	}
	rest, ok = strings.CutPrefix(skipBlanks(rest), `"`)
	if !ok {
		return Label{}, "", errors.New("no quote before a label's value")
	}
	label.Value, rest, err = parseQuoted(rest)
	return label, skipBlanks(rest), err
}

// parseQuoted reads up to and with the closing quote. A value without escapes,
// which is all that Envoy writes for ours, is not copied.
func parseQuoted(text string) (value, rest string, err error) {
	end := strings.IndexAny(text, `"\`)
	if end >= 0 && text[end] == '"' {
		return text[:end], text[end+1:], nil
	}
	var unescaped strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '"' {
			return unescaped.String(), text[i+1:], nil
		}
		if c == '\\' {
			if i++; i == len(text) {
				break
			}
			if c, err = unescape(text[i]); err != nil {
				return "", "", err
			}
		}
		unescaped.WriteByte(c)
	}
	return "", "", errors.New("no quote after a label's value")
}

func unescape(c byte) (byte, error) {
	switch c {
	case 'n':
		return '\n', nil
	case '\\', '"':
		return c, nil
	}
	return 0, fmt.Errorf(`unknown escape \%c in a label's value`, c)
}

// parseValue reads a value and perhaps a timestamp, up to the line's end.
func parseValue(text string) (float64, error) {
	number, timestamp := text, ""
	if end := strings.IndexAny(text, " \t"); end >= 0 {
		number, timestamp = text[:end], strings.Trim(text[end:], " \t")
	}
	if strings.ContainsAny(number, "pP_") { // Go's hexadecimal and grouped numbers
		return 0, errors.New("the value is not a number")
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, errors.New("the value is not a number")
	}
	if timestamp != "" {
		if _, err := strconv.ParseInt(timestamp, 10, 64); err != nil {
			return 0, errors.New("what follows the value is not a timestamp")
		}
	}
	return value, nil
}

// nameLength tells how many bytes of text are a name: letters, digits, _ and
// what extra adds, not starting with a digit.
func nameLength(text, extra string) int {
	for i := range len(text) {
		c := text[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		digit := '0' <= c && c <= '9' && i > 0
		if !letter && !digit && strings.IndexByte(extra, c) < 0 {
			return i
		}
	}
	return len(text)
}

func skipBlanks(text string) string { return strings.TrimLeft(text, " \t") }
