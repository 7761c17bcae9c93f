package contract

import (
	"errors"
	"slices"
	"strings"
)

// The stat-name codec. The Wasm ABI gives a counter a name and no labels, so
// the labels travel in the name, shaped as Istio shapes its own
// (key=.=value;.;key=.=value;.;name), which extraStatTags takes apart:
//
//	wasmcustom.model=.=bert;.;label=.=joy;.;moodring_predictions_total
//
// Envoy shows that name raw in /stats and /stats?format=json, and with all
// but [A-Za-z0-9_] turned into _ in /stats/prometheus:
//
//	model___bert___label___joy___moodring_predictions_total
//
// Both read back to the same Stat, because no encoded value holds two
// underscores in a row, or one at its start or end: a value of letters, digits
// and single inner underscores stands as it is, any other is 0x followed by
// its bytes, where all but [A-Za-z0-9] are _ and two hex digits.
const (
	// StatPrefix is what Envoy puts before the name of a counter that a Wasm
	// filter defines (source/extensions/common/wasm/stats_handler.h,
	// CustomStatNamespace); /stats/prometheus leaves it out.
	StatPrefix = "wasmcustom."

	// FieldEquals stands between a label's key and its encoded value, FieldEnd
	// behind the value. Source: Istio, tools/packaging/common/envoy_bootstrap.json.
	FieldEquals = "=.="
	FieldEnd    = ";.;"

	escapePrefix = "0x"
	hexDigits    = "0123456789abcdef"
)

// A form is one way in which Envoy shows a stat's name.
type form struct{ equals, end string }

var (
	rawForm        = form{equals: FieldEquals, end: FieldEnd}
	prometheusForm = form{equals: "___", end: "___"}
)

// Field is one label of a stat.
type Field struct {
	Key   string // one of the Label constants
	Value string // any bytes
}

// Stat is a counter of the plugin: a name of Stats and its labels.
type Stat struct {
	Name   string
	Fields []Field
}

// ErrNotOurs says that a stat's name does not follow the codec: it belongs to
// somebody else, or to another version of the plugin.
var ErrNotOurs = errors.New("not a moodring stat")

// notOurs is ErrNotOurs with what is wrong. It does without package fmt, which
// would be a sixth of the Wasm filter.
type notOurs string

func (e notOurs) Error() string { return ErrNotOurs.Error() + ": " + string(e) }
func (e notOurs) Unwrap() error { return ErrNotOurs }

// statKeys maps label keys to their keys in stat names. They differ for
// version: Istio's generated expressions are not anchored, so that
// extraStatTags: [version] would take apart its own destination_version too.
func statKey(label string) string {
	if label == LabelVersion {
		return "model_version"
	}
	return label
}

func labelKey(stat string) string {
	if stat == "model_version" {
		return LabelVersion
	}
	return stat
}

// AppendStat appends the name of the counter of name with fields, without
// StatPrefix, to dst. Empty fields are kept.
func AppendStat(dst []byte, name string, fields ...Field) []byte {
	for _, f := range fields {
		dst = append(dst, statKey(f.Key)...)
		dst = append(dst, rawForm.equals...)
		if f.Key == LabelBucket {
			dst = append(dst, f.Value...)
		} else {
			dst = AppendValue(dst, f.Value)
		}
		dst = append(dst, rawForm.end...)
	}
	return append(dst, name...)
}

// ParseStat reads a name as /stats and /stats?format=json show it. The error
// is ErrNotOurs, wrapped with what is wrong.
func ParseStat(name string) (Stat, error) {
	rest, ok := strings.CutPrefix(name, StatPrefix)
	if !ok {
		return Stat{}, notOurs("no " + StatPrefix + " prefix")
	}
	return parse(rest, rawForm)
}

// ParsePrometheus reads a metric name as /stats/prometheus shows it, where
// Envoy has not been told to take the labels apart. Its error is ParseStat's.
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

// check holds a stat that was read to what the plugin writes.
func (s Stat) check() error {
	if !slices.Contains(Stats(), s.Name) {
		return notOurs("the name is not in the contract")
	}
	metric, _ := SplitStat(s.Name)
	for _, field := range s.Fields {
		if field.Key != LabelBucket {
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
		if shown == prometheusForm { // which shows a bound's dot as _
			value = strings.ReplaceAll(value, "_", ".")
		}
		return Field{label, value}, nil
	case LabelModel, LabelVersion, LabelLabel, LabelOutcome, LabelKind:
		decoded, err := ParseValue(value)
		return Field{label, decoded}, err
	}
	return Field{}, notOurs("unknown key")
}

// AppendValue appends the encoded value to dst.
func AppendValue(dst []byte, value string) []byte {
	if isPlain(value) {
		return append(dst, value...)
	}
	return appendEscaped(dst, value)
}

// AppendPlain appends the name of the bare counter of a label, as plainCounters
// asks for it: the encoded value, and never a name that the contract owns.
func AppendPlain(dst []byte, label string) []byte {
	if slices.Contains(Stats(), label) {
		return appendEscaped(dst, label)
	}
	return AppendValue(dst, label)
}

// ParseValue reverses AppendValue. An encoding that AppendValue does not
// produce is refused with ErrNotOurs, so that no two names mean one value.
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

// isPlain tells whether value stands for itself: letters, digits and single
// inner underscores, and not the escape's prefix.
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
