package scrape

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unsafe"
)

// TextReader reads pages of Envoy's /stats/prometheus, in Prometheus's text format.
// On port 15020, Istio's agent appends the page of an application, perhaps in
// OpenMetrics. TextReader reads one page after another, and keeps its memory. The
// zero value is ready to use.
type TextReader struct {
	IsUsed  func(name string) bool // reports whether the metric's samples are used; nil if all are
	IsWhole bool                   // the page is not cut, even if its last line has no newline

	buffer    []byte
	held      int // bytes in the buffer that are not parsed yet
	line      int // number of the last parsed line
	labels    []Label
	unescaped []byte
	isLong    bool  // the rest of a long line is skipped
	hasSample bool  // a line of the page is well-formed
	skipped   error // of the first malformed line that was skipped
}

// usualBuffer fits a hundred lines: a large page needs few reads, and a thousand
// gateways that answer slowly take little memory.
const usualBuffer = 16 << 10

// Read gives each sample of a page to emit. Comments are skipped, also HELP and
// TYPE. Timestamps and exemplars are left out. These are errors, with the number of
// the line: a line longer than maxLine bytes, a malformed line, and a last line
// without a newline, which means that the page was cut, unless p.IsWhole. A
// malformed or long line of a metric that is not used is skipped, unless all lines
// are malformed.
//
// Only a few lines are in memory at a time, and the samples refer to them.
func (p *TextReader) Read(r io.Reader, maxLine int, emit func(Sample)) error {
	p.reset()
	for {
		n, err := r.Read(p.buffer[p.held:])
		p.held += n
		if parseErr := p.takeLines(maxLine, emit); parseErr != nil {
			return parseErr
		}
		switch {
		case errors.Is(err, io.EOF):
			return p.end(emit)
		case err != nil:
			return err
		}
	}
}

// end takes a last line without a newline, and checks the whole page.
func (p *TextReader) end(emit func(Sample)) error {
	switch {
	case p.isLong && !p.IsWhole:
		return fmt.Errorf("line %d has no end: the page was cut", p.line)
	case p.held > 0 && !p.IsWhole:
		return fmt.Errorf("line %d has no end: the page was cut", p.line+1)
	case p.held > 0:
		if err := p.takeLine(p.buffer[:p.held], emit); err != nil {
			return err
		}
	}
	if !p.hasSample {
		return p.skipped
	}
	return nil
}

// reset forgets the last page, and releases the memory of long lines.
func (p *TextReader) reset() {
	p.held, p.line, p.isLong, p.hasSample, p.skipped = 0, 0, false, false, nil
	if len(p.buffer) != usualBuffer {
		p.buffer = make([]byte, usualBuffer)
	}
	if cap(p.unescaped) > usualBuffer {
		p.labels, p.unescaped = nil, nil
	}
}

// takeLines parses the complete lines in the buffer, and grows the buffer for a
// long line.
func (p *TextReader) takeLines(maxLine int, emit func(Sample)) error {
	rest := p.buffer[:p.held]
	for {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 && len(rest) <= maxLine && !p.isLong {
			break
		}
		if end < 0 || end > maxLine || p.isLong {
			if err := p.skipLong(rest, maxLine); err != nil {
				return err
			}
			if p.isLong = end < 0; p.isLong {
				p.held = 0
				return nil
			}
		} else if err := p.takeLine(rest[:end], emit); err != nil {
			return err
		}
		rest = rest[end+1:]
	}
	if len(rest) == len(p.buffer) {
		p.buffer = make([]byte, 2*len(rest))
	}
	p.held = copy(p.buffer, rest)
	return nil
}

// takeLine parses a line and gives its sample, if any, to emit.
func (p *TextReader) takeLine(bytes []byte, emit func(Sample)) error {
	p.line++
	line := skipBlanks(unsafe.String(unsafe.SliceData(bytes), len(bytes)))
	if line == "" || line[0] == '#' {
		return nil
	}
	sample, err := p.parse(line)
	if err != nil {
		return p.skip(line, fmt.Errorf("line %d is not in Prometheus's text format: %w", p.line, err))
	}
	p.hasSample = true
	emit(sample)
	return nil
}

// skipLong returns an error for a line that is longer than maxLine, unless the line
// is a comment, or its metric is not used. text is the line's beginning, or a later
// part if p.isLong.
func (p *TextReader) skipLong(text []byte, maxLine int) error {
	if p.isLong {
		return nil
	}
	p.line++
	err := fmt.Errorf("line %d is longer than %d bytes: if the page is right, raise scrape.max_line_bytes", p.line, maxLine)
	line := skipBlanks(unsafe.String(unsafe.SliceData(text), len(text)))
	switch {
	case p.IsUsed != nil && strings.HasPrefix(line, "#"):
		return nil
	case nameLength(line, ':') == len(line): // the whole name is not known
		return err
	}
	return p.skip(line, err)
}

// skip returns err, unless the line's metric is not used.
func (p *TextReader) skip(line string, err error) error {
	name := line[:nameLength(line, ':')]
	if p.IsUsed == nil || name != "" && p.IsUsed(name) {
		return err
	}
	if p.skipped == nil {
		p.skipped = err
	}
	return nil
}

// parse reads name{key="value",...} value timestamp # exemplar. A name that is not
// a metric name of old is quoted, and in the braces: {"name",key="value",...}.
func (p *TextReader) parse(line string) (Sample, error) {
	end := nameLength(line, ':')
	if end == 0 && line[0] != '{' {
		return Sample{}, errors.New("no metric name")
	}
	sample := Sample{Series: line[:end], Name: line[:end]}
	rest := skipBlanks(line[end:])
	var err error
	if strings.HasPrefix(rest, "{") {
		if rest, err = p.parseLabels(rest[1:], &sample.Name); err != nil {
			return Sample{}, err
		}
		if sample.Name == "" {
			return Sample{}, errors.New("no metric name")
		}
		sample.Series, sample.Labels = line[:len(line)-len(rest)], p.labels
		rest = skipBlanks(rest)
	}
	sample.Value, err = parseValue(rest)
	return sample, err
}

// parseLabels reads labels and the closing brace, and returns the rest. If there is
// no name yet, the first quoted text without a value is the name.
func (p *TextReader) parseLabels(text string, name *string) (rest string, err error) {
	p.labels, p.unescaped = p.labels[:0], p.unescaped[:0]
	text = skipBlanks(text)
	if *name == "" && strings.HasPrefix(text, `"`) {
		if *name, text, err = p.parseQuoted(text[1:]); err != nil {
			return "", err
		}
		if text = skipBlanks(text); strings.HasPrefix(text, ",") {
			text = skipBlanks(text[1:])
		} else if !strings.HasPrefix(text, "}") {
			return "", errors.New("no , or } after the metric's name")
		}
	}
	for !strings.HasPrefix(text, "}") {
		var label Label
		if label, text, err = p.parseLabel(text); err != nil {
			return "", err
		}
		p.labels = append(p.labels, label)
		if strings.HasPrefix(text, ",") {
			text = skipBlanks(text[1:])
		} else if !strings.HasPrefix(text, "}") {
			return "", errors.New("no , or } after a label")
		}
	}
	return text[1:], nil
}

func (p *TextReader) parseLabel(text string) (label Label, rest string, err error) {
	end := nameLength(text, '_')
	if end == 0 && !strings.HasPrefix(text, `"`) {
		return Label{}, "", errors.New("no label name")
	}
	label.Name, rest = text[:end], text[end:]
	if end == 0 {
		if label.Name, rest, err = p.parseQuoted(text[1:]); err != nil {
			return Label{}, "", err
		}
	}
	rest = skipBlanks(rest)
	if !strings.HasPrefix(rest, "=") {
		return Label{}, "", errors.New("no = after a label's name")
	}
	rest = skipBlanks(rest[1:])
	if !strings.HasPrefix(rest, `"`) {
		return Label{}, "", errors.New("no quote before a label's value")
	}
	label.Value, rest, err = p.parseQuoted(rest[1:])
	return label, skipBlanks(rest), err
}

// parseQuoted reads a value and the closing quote. A value without escapes is not
// copied; Envoy writes the plugin's labels without escapes.
func (p *TextReader) parseQuoted(text string) (value, rest string, err error) {
	for i := range len(text) {
		switch text[i] {
		case '"':
			return text[:i], text[i+1:], nil
		case '\\':
			return p.unescape(text)
		}
	}
	return "", "", errors.New("no quote after a label's value")
}

func (p *TextReader) unescape(text string) (value, rest string, err error) {
	start := len(p.unescaped)
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '"' {
			own := p.unescaped[start:]
			return unsafe.String(unsafe.SliceData(own), len(own)), text[i+1:], nil
		}
		if c == '\\' {
			if i++; i == len(text) {
				break
			}
			switch c = text[i]; c {
			case 'n':
				c = '\n'
			case '\\', '"':
			default: // as in Prometheus, an unknown escape stays
				p.unescaped = append(p.unescaped, '\\')
			}
		}
		p.unescaped = append(p.unescaped, c)
	}
	return "", "", errors.New("no quote after a label's value")
}

// parseValue reads a value, an optional timestamp and an optional exemplar, up to
// the end of the line. In OpenMetrics, timestamps may have fractions.
func parseValue(text string) (float64, error) {
	if count, ok := parseCount(text); ok {
		return count, nil
	}
	number, timestamp := text, ""
	if end := strings.IndexAny(text, " \t"); end >= 0 {
		number, timestamp = text[:end], text[end:]
		if exemplar := strings.Index(timestamp, " #"); exemplar >= 0 {
			timestamp = timestamp[:exemplar]
		}
		timestamp = strings.Trim(timestamp, " \t")
	}
	if strings.ContainsAny(number, "pP_") { // Go's hexadecimal and grouped numbers
		return 0, errors.New("the value is not a number")
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, errors.New("the value is not a number")
	}
	if timestamp != "" {
		if _, err := strconv.ParseFloat(timestamp, 64); err != nil {
			return 0, errors.New("the text after the value is not a timestamp")
		}
	}
	return value, nil
}

// parseCount reads a whole number without a timestamp: nearly every value.
func parseCount(text string) (float64, bool) {
	const maxDigits = 18 // fit an int64
	if text == "" || len(text) > maxDigits {
		return 0, false
	}
	var count int64
	for i := range len(text) {
		digit := text[i] - '0'
		if digit > 9 {
			return 0, false
		}
		count = count*10 + int64(digit)
	}
	return float64(count), true
}

// nameLength returns the length of the name at the start of text. A name has
// letters, digits, _ and extra, and does not start with a digit.
func nameLength(text string, extra byte) int {
	if text == "" || text[0]-'0' <= 9 {
		return 0
	}
	for i := range len(text) {
		c := text[i]
		if (c|0x20)-'a' > 25 && c-'0' > 9 && c != '_' && c != extra {
			return i
		}
	}
	return len(text)
}

func skipBlanks(text string) string {
	for text != "" && (text[0] == ' ' || text[0] == '\t') {
		text = text[1:]
	}
	return text
}
