package expose

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// textForm encodes Prometheus's text format, version 0.0.4, or OpenMetrics 1.0 if
// isOpen. The tests compare it with expfmt, which encodes a tree of pointers and
// takes ten times as long.
type textForm struct{ isOpen bool }

// appendHeader appends the lines before a family's series.
func (t textForm) appendHeader(dst []byte, name string, f *transform.Family) []byte {
	kind := string(f.Type)
	if t.isOpen && f.Type == contract.Counter {
		stem, isTotal := strings.CutSuffix(name, config.SuffixTotal)
		if name = stem; !isTotal {
			kind = "unknown" // OpenMetrics has no counter without _total
		}
	}
	dst = append(append(append(dst, "# HELP "...), name...), ' ')
	dst = appendEscaped(dst, f.Help, t.isOpen)
	dst = append(append(append(append(dst, "\n# TYPE "...), name...), ' '), kind...)
	if t.isOpen && f.Unit != "" && strings.HasSuffix(name, "_"+f.Unit) {
		dst = append(append(append(append(dst, "\n# UNIT "...), name...), ' '), f.Unit...)
	}
	return append(dst, '\n')
}

// appendSeries appends a series' lines.
func (t textForm) appendSeries(dst []byte, s transform.Series) []byte {
	if s.Histogram == nil {
		dst = t.appendLabels(append(dst, s.Name...), s.Labels, "")
		dst = append(t.appendFloat(append(dst, ' '), s.Value), '\n')
		if stem, isTotal := strings.CutSuffix(s.Name, config.SuffixTotal); isTotal {
			return t.appendCreated(dst, stem, s)
		}
		return dst
	}
	h := s.Histogram
	start := len(dst)
	dst = t.appendLabels(append(append(dst, s.Name...), contract.SuffixBucket...), s.Labels, contract.LabelBucket)
	end := len(dst) // dst[start:end] begins each bucket's line
	for _, b := range h.Buckets {
		dst = t.appendBucket(dst, b.Bound, b.Count)
		dst = append(dst, dst[start:end]...)
	}
	dst = t.appendBucket(dst, math.Inf(1), h.Count)
	dst = t.appendLabels(append(append(dst, s.Name...), contract.SuffixSum...), s.Labels, "")
	dst = append(t.appendFloat(append(dst, ' '), h.Sum), '\n')
	dst = t.appendLabels(append(append(dst, s.Name...), contract.SuffixCount...), s.Labels, "")
	dst = append(t.appendCount(append(dst, ' '), h.Count), '\n')
	return t.appendCreated(dst, s.Name, s)
}

// appendCreated appends the line with the series' start, if it is new.
func (t textForm) appendCreated(dst []byte, family string, s transform.Series) []byte {
	if !t.isOpen || !s.IsNew {
		return dst
	}
	dst = t.appendLabels(append(append(dst, family...), config.SuffixCreated...), s.Labels, "")
	const milliseconds = 1e3
	return append(t.appendFloat(append(dst, ' '), float64(s.Start)/milliseconds), '\n')
}

// appendBucket appends a bucket's bound and count, after le=".
func (t textForm) appendBucket(dst []byte, bound float64, count uint64) []byte {
	dst = append(t.appendFloat(dst, bound), `"} `...)
	return append(t.appendCount(dst, count), '\n')
}

// appendCount appends a histogram's count: a whole number in OpenMetrics, and a
// float in the text format.
func (t textForm) appendCount(dst []byte, count uint64) []byte {
	if t.isOpen {
		return strconv.AppendUint(dst, count, 10)
	}
	return t.appendFloat(dst, float64(count))
}

// appendLabels appends the labels in braces. If last is not empty, it appends a
// label of that name too, up to the quote before its value.
func (t textForm) appendLabels(dst []byte, all labels.Labels, last string) []byte {
	start := len(dst)
	all.Range(func(l labels.Label) {
		if l.Name != model.MetricNameLabel {
			dst = append(append(append(dst, ','), l.Name...), `="`...)
			dst = append(appendEscaped(dst, l.Value, true), '"')
		}
	})
	if last != "" {
		dst = append(append(append(dst, ','), last...), `="`...)
	}
	if len(dst) == start {
		return dst
	}
	dst[start] = '{'
	if last != "" {
		return dst
	}
	return append(dst, '}')
}

// appendFloat appends a value, in OpenMetrics with a decimal point or an exponent.
func (t textForm) appendFloat(dst []byte, value float64) []byte {
	switch {
	case math.IsInf(value, 1):
		return append(dst, "+Inf"...)
	case math.IsInf(value, -1):
		return append(dst, "-Inf"...)
	case math.IsNaN(value):
		return append(dst, "NaN"...)
	}
	start := len(dst)
	if whole := int64(value); float64(whole) == value && -1e6 < value && value < 1e6 {
		dst = strconv.AppendInt(dst, whole, 10)
	} else {
		dst = strconv.AppendFloat(dst, value, 'g', -1, 64)
	}
	if t.isOpen && !bytes.ContainsAny(dst[start:], "e.") {
		dst = append(dst, ".0"...)
	}
	return dst
}

// appendEscaped appends text, escaped as help, or as a quoted string if isQuoted.
func appendEscaped(dst []byte, text string, isQuoted bool) []byte {
	begun := 0
	for i := range len(text) {
		c := text[i]
		if c != '\n' && c != '\\' && (c != '"' || !isQuoted) {
			continue
		}
		dst = append(append(dst, text[begun:i]...), '\\')
		if c == '\n' {
			c = 'n'
		}
		dst, begun = append(dst, c), i+1
	}
	return append(dst, text[begun:]...)
}
