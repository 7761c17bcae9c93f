//go:build !wasip1

package contract

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// The filter, which is built for wasip1, only writes names. This file would add the
// packages that it imports, 20 kB, to the module.

// form is a form in which Envoy shows a stat's name.
type form struct{ equals, end string }

var (
	rawForm        = form{equals: FieldEquals, end: FieldEnd}
	prometheusForm = form{equals: "___", end: "___"}
)

// ErrNotOurs is returned for a stat's name that does not follow the codec: the
// stat belongs to another program, or to another version of the plugin.
var ErrNotOurs = errors.New("not a moodring stat")

// notOurs is ErrNotOurs with a reason. It does not use package fmt, which would be
// a sixth of the Wasm filter.
type notOurs string

func (e notOurs) Error() string { return ErrNotOurs.Error() + ": " + string(e) }
func (e notOurs) Unwrap() error { return ErrNotOurs }

// labelKey reverses statKey.
func labelKey(stat string) string { return strings.TrimPrefix(stat, ownPrefix) }

// ParseStat parses a name from /stats or /stats?format=json. Its error wraps
// ErrNotOurs.
func ParseStat(name string) (Stat, error) {
	rest, ok := strings.CutPrefix(name, StatPrefix)
	if !ok {
		return Stat{}, notOurs("no " + StatPrefix + " prefix")
	}
	return parse(rest, rawForm)
}

// ParsePrometheus parses a metric name from /stats/prometheus of an Envoy that
// does not extract the labels. Its error wraps ErrNotOurs.
func ParsePrometheus(name string) (Stat, error) {
	return parse(name, prometheusForm)
}

func parse(rest string, shown form) (Stat, error) {
	var stat Stat
	for {
		key, after, ok := strings.Cut(rest, shown.equals)
		if !ok {
			break
		}
		value, next, ok := strings.Cut(after, shown.end)
		if !ok {
			return Stat{}, notOurs("a field has no end")
		}
		field, err := parseField(key, value, shown)
		if err != nil {
			return Stat{}, err
		}
		if slices.ContainsFunc(stat.Fields, func(f Field) bool { return f.Key == field.Key }) {
			return Stat{}, notOurs("a key stands twice")
		}
		stat.Fields = append(stat.Fields, field)
		rest = next
	}
	stat.Name = rest
	return stat, stat.check()
}

// check returns an error for a stat that the plugin never writes.
func (s Stat) check() error {
	if !isStat(s.Name) {
		return notOurs("the name is not in the contract")
	}
	metric, _ := SplitStat(s.Name)
	for _, field := range s.Fields {
		if field.Key != LabelBucket {
			continue
		}
		if _, err := strconv.ParseFloat(field.Value, 64); metric == PredictionValue && err == nil {
			continue
		}
		if !slices.ContainsFunc(Bounds(metric), func(b Bound) bool { return b.Le == field.Value }) {
			return notOurs("unknown bucket")
		}
	}
	return nil
}

func parseField(key, value string, shown form) (Field, error) {
	label := labelKey(key)
	if statKey(label) != key {
		return Field{}, notOurs("unknown key")
	}
	switch label {
	case LabelBucket:
		bound, err := parseBound(value, shown)
		return Field{label, bound}, err
	case LabelNamespace, LabelService, LabelModel, LabelVersion, LabelLabel, LabelOutcome, LabelKind:
		decoded, err := ParseValue(value)
		return Field{label, decoded}, err
	}
	return Field{}, notOurs("unknown key")
}

// parseBound reverses the encoding of a bucket's bound. A bound of digits and a
// dot is not encoded. In Prometheus's form its dot is an underscore.
func parseBound(encoded string, shown form) (string, error) {
	if strings.HasPrefix(encoded, escapePrefix) {
		bound, err := ParseValue(encoded)
		if err == nil && isPlainBound(bound) {
			return "", notOurs("escape sequence")
		}
		return bound, err
	}
	if shown == prometheusForm {
		encoded = strings.ReplaceAll(encoded, "_", ".")
	}
	if !isPlainBound(encoded) {
		return "", notOurs("unknown bucket")
	}
	return encoded, nil
}

// ParseValue reverses AppendValue. An encoding that AppendValue does not produce
// is refused with ErrNotOurs, so that each value has a single encoding.
func ParseValue(encoded string) (string, error) {
	escaped, ok := strings.CutPrefix(encoded, escapePrefix)
	if !ok {
		if !isPlain(encoded) {
			return "", notOurs("value is neither plain nor escaped")
		}
		return encoded, nil
	}
	value, err := unescape(escaped)
	if err != nil || isPlain(value) {
		return "", notOurs("escape sequence")
	}
	return value, nil
}

func unescape(escaped string) (string, error) {
	value := make([]byte, 0, len(escaped))
	for i := 0; i < len(escaped); i++ {
		c := escaped[i]
		if c == '_' {
			if i+2 >= len(escaped) {
				return "", ErrNotOurs
			}
			high, low := strings.IndexByte(hexDigits, escaped[i+1]), strings.IndexByte(hexDigits, escaped[i+2])
			if high < 0 || low < 0 || isAlphanumeric(byte(high<<4|low)) {
				return "", ErrNotOurs
			}
			c, i = byte(high<<4|low), i+2
		} else if !isAlphanumeric(c) {
			return "", ErrNotOurs
		}
		value = append(value, c)
	}
	return string(value), nil
}

// CutPart splits the name of a histogram's series into the metric's name and
// the suffix, one of Parts. If name ends in no such suffix, ok is false and
// metric is the whole name. A counter's name can end in the same suffix, so the
// caller must know that the metric is a histogram.
func CutPart(name string) (metric, part string, ok bool) {
	for _, part := range Parts() {
		if metric, ok := strings.CutSuffix(name, part); ok {
			return metric, part, true
		}
	}
	return name, "", false
}

// SplitStat splits a name of Stats into the exported metric and the suffix of the
// counter. part is empty if the name has no suffix.
func SplitStat(stat string) (metric, part string) {
	for _, suffix := range []string{SuffixBucket, SuffixCount, SuffixNegativeMillionths, SuffixSumMillionths, SuffixMillionths} {
		if name, ok := strings.CutSuffix(stat, suffix); ok {
			return name, suffix
		}
	}
	return stat, ""
}
