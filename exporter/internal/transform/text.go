package transform

import (
	"strings"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// validText makes any bytes the valid UTF-8 that a label value must be, without
// ever making two values one: valid text stays as it is; in any other, and in
// text that already has a \xhh, which could be taken for an escape, each bad
// byte and each backslash becomes \xhh.
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
