package contract

import "slices"

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

// AppendStat appends the name of a counter, with fields and without StatPrefix, to
// dst. Empty fields are kept.
func AppendStat(dst []byte, name string, fields ...Field) []byte {
	for _, f := range fields {
		dst = append(dst, statKey(f.Key)...)
		dst = append(dst, FieldEquals...)
		if f.Key == LabelBucket && isPlainBound(f.Value) {
			dst = append(dst, f.Value...)
		} else {
			dst = AppendValue(dst, f.Value)
		}
		dst = append(dst, FieldEnd...)
	}
	return append(dst, name...)
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

func isStat(name string) bool { return slices.Contains(stats[:], name) }

// isPlain reports whether value needs no escape: it has only letters, digits and
// single inner underscores, and does not start with the escape prefix.
func isPlain(value string) bool {
	if value == "" || isEscaped(value) {
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

func isEscaped(value string) bool {
	return len(value) >= len(escapePrefix) && value[:len(escapePrefix)] == escapePrefix
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
