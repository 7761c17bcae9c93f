package discover

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"strings"
)

// exemplar matches an exemplar of OpenMetrics behind a sample.
var exemplar = regexp.MustCompile(` # \{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\} \S+( \S+)?$`)

// normal turns a page into the text format that Prometheus's parser reads: OpenMetrics,
// in which a counter has no suffix in its TYPE, and pages that describe a metric
// twice.
func normal(page io.Reader) (io.Reader, error) {
	text, err := io.ReadAll(page)
	if err != nil {
		return nil, err
	}
	isOpen := bytes.Contains(text, []byte("\n# EOF"))
	var out bytes.Buffer
	seen := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "#"):
			line = comment(line, isOpen, text, seen)
		case isOpen:
			line = withoutTime(exemplar.ReplaceAllString(line, ""))
		}
		out.WriteString(line + "\n")
	}
	return &out, lines.Err()
}

// comment returns a comment in the text format; "" if there it has no counterpart,
// or was there before.
func comment(line string, isOpen bool, page []byte, seen map[string]bool) string {
	words := strings.SplitN(line, " ", 4)
	if len(words) < 4 || words[1] != "HELP" && words[1] != "TYPE" {
		return ""
	}
	if isOpen {
		words[2], words[3] = familyOf(words[2], words[3], words[1] == "TYPE", page)
	}
	if key := words[1] + " " + words[2]; seen[key] {
		return ""
	} else {
		seen[key] = true
	}
	return strings.Join(words, " ")
}

// familyOf returns a family of OpenMetrics as the text format names it.
func familyOf(name, rest string, isType bool, page []byte) (string, string) {
	for _, suffix := range []string{total, "_info"} {
		start := []byte("\n" + name + suffix)
		if bytes.Contains(page, append(start, '{')) || bytes.Contains(page, append(start, ' ')) {
			name += suffix
		}
	}
	if isType && (rest == "info" || rest == "stateset") {
		return name, "gauge"
	}
	if isType && (rest == "unknown" || rest == "gaugehistogram") {
		return name, "untyped"
	}
	return name, rest
}

// withoutTime removes the time of a sample, which is in seconds in OpenMetrics.
func withoutTime(line string) string {
	at := strings.LastIndexByte(line, '}') + 1
	fields := strings.Fields(line[at:])
	if at > 0 && len(fields) == 2 {
		return line[:at] + " " + fields[0]
	}
	if at == 0 && len(fields) == 3 {
		return fields[0] + " " + fields[1]
	}
	return line
}
