package transform

import (
	"strings"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// validText returns value as valid UTF-8, which a label value must be. Different
// values have different results: valid text is unchanged, and in all other text
// each invalid byte and each backslash becomes \xhh. Text with a \xhh of its own
// is escaped too.
func validText(value string) string {
	if utf8.ValidString(value) && !hasEscape(value) {
		return value
	}
	var escaped strings.Builder
	for i := 0; i < len(value); {
		r, size := utf8.DecodeRuneInString(value[i:])
		if r == '\\' || r == utf8.RuneError && size == 1 {
			c := value[i]
			escaped.WriteString(`\x`)
			escaped.WriteByte(hexDigits[c>>4])
			escaped.WriteByte(hexDigits[c&15])
		} else {
			escaped.WriteString(value[i : i+size])
		}
		i += size
	}
	return escaped.String()
}

func hasEscape(text string) bool {
	for {
		_, after, ok := strings.Cut(text, `\x`)
		if !ok {
			return false
		}
		if len(after) >= 2 && strings.Trim(after[:2], hexDigits) == "" {
			return true
		}
		text = after
	}
}
