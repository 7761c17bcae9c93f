package contract

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// The stat-name codec. In the Wasm ABI a counter has a name and no labels, so the
// name contains the labels, in the format of Istio's own stats
// (key=.=value;.;key=.=value;.;name), from which extraStatTags can extract them:
//
//	wasmcustom.model=.=bert;.;label=.=joy;.;moodring_predictions_total
//
// Envoy shows this raw name in /stats and /stats?format=json. In /stats/prometheus
// all characters except [A-Za-z0-9_] become _:
//
//	model___bert___label___joy___moodring_predictions_total
//
// Both forms parse to the same Stat, because an encoded value never has two
// underscores in a row, or an underscore at its start or end. A value of letters,
// digits and single inner underscores is not changed. Any other value becomes 0x
// and its bytes; bytes other than [A-Za-z0-9] are written as _ and two hex digits.
const (
	// StatPrefix is Envoy's prefix of counters that a Wasm filter defines
	// (source/extensions/common/wasm/stats_handler.h, CustomStatNamespace).
	// /stats/prometheus leaves it out.
	StatPrefix = "wasmcustom."

	// FieldEquals separates a label's key from its encoded value, and FieldEnd
	// ends the value. Source: Istio, tools/packaging/common/envoy_bootstrap.json.
	FieldEquals = "=.="
	FieldEnd    = ";.;"

	escapePrefix = "0x"
	hexDigits    = "0123456789abcdef"
)

// form is a form in which Envoy shows a stat's name.
type form struct{ equals, end string }

var (
	rawForm        = form{equals: FieldEquals, end: FieldEnd}
	prometheusForm = form{equals: "___", end: "___"}
)

// Field is a label of a stat.
type Field struct {
	Key   string // a Label constant
	Value string // any bytes
}

// Stat is a counter of the plugin. Name is a name of Stats.
type Stat struct {
	Name   string
	Fields []Field
}

// ErrNotOurs is returned for a stat's name that does not follow the codec: the
// stat belongs to another program, or to another version of the plugin.
var ErrNotOurs = errors.New("not a moodring stat")

// notOurs is ErrNotOurs with a reason. It does not use package fmt, which would be
// a sixth of the Wasm filter.
type notOurs string

func (e notOurs) Error() string { return ErrNotOurs.Error() + ": " + string(e) }
func (e notOurs) Unwrap() error { return ErrNotOurs }

// statKey returns the key of a label in stat names. The keys of namespace, service
// and version begin with ownPrefix, because Istio's generated expressions are not
// anchored: extraStatTags: [version] would also match Istio's own
// destination_version.
func statKey(label string) string {
	switch label {
	case LabelNamespace, LabelService, LabelVersion:
		return ownPrefix + label
	}
	return label
}

const ownPrefix = "model_"

// labelKey reverses statKey.
func labelKey(stat string) string { return strings.TrimPrefix(stat, ownPrefix) }

// AppendStat appends the name of a counter, with fields and without StatPrefix, to
// dst. Empty fields are kept.
func AppendStat(dst []byte, name string, fields ...Field) []byte {
	for _, f := range fields {
		dst = append(dst, statKey(f.Key)...)
		dst = append(dst, rawForm.equals...)
		if f.Key == LabelBucket && isPlainBound(f.Value) {
			dst = append(dst, f.Value...)
		} else {
			dst = AppendValue(dst, f.Value)
		}
		dst = append(dst, rawForm.end...)
	}
	return append(dst, name...)
}

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

// isPlainBound reports whether a bound needs no escape: it has only digits, and
// one dot at most.
func isPlainBound(bound string) bool {
	dots := 0
	for i := range len(bound) {
		switch c := bound[i]; {
		case c == '.':
			dots++
		case c < '0' || c > '9':
			return false
		}
	}
	return dots <= 1
}

// AppendValue appends the encoded value to dst.
func AppendValue(dst []byte, value string) []byte {
	if isPlain(value) {
		return append(dst, value...)
	}
	return appendEscaped(dst, value)
}

// AppendPlain appends the name of a label's bare counter (plainCounters): the
// encoded value. A label that equals a name of Stats is escaped.
func AppendPlain(dst []byte, label string) []byte {
	if isStat(label) {
		return appendEscaped(dst, label)
	}
	return AppendValue(dst, label)
}

// isStat is not inlined: the list of Stats is two kilobytes of code.
//
//go:noinline
func isStat(name string) bool { return slices.Contains(Stats(), name) }

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

// isPlain reports whether value needs no escape: it has only letters, digits and
// single inner underscores, and does not start with the escape prefix.
func isPlain(value string) bool {
	if value == "" || strings.HasPrefix(value, escapePrefix) {
		return false
	}
	wasUnderscore := true
	for i := range len(value) {
		isUnderscore := value[i] == '_'
		if isUnderscore && wasUnderscore || !isUnderscore && !isAlphanumeric(value[i]) {
			return false
		}
		wasUnderscore = isUnderscore
	}
	return !wasUnderscore
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func appendEscaped(dst []byte, value string) []byte {
	dst = append(dst, escapePrefix...)
	for i := range len(value) {
		if c := value[i]; isAlphanumeric(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '_', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
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
