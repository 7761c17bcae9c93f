package transform

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestValidText(t *testing.T) {
	for value, want := range map[string]string{
		"":                        "",
		`so "happy"/very-much.v2`: `so "happy"/very-much.v2`,
		"café ☕ \n �":             "café ☕ \n �",
		`C:\xray \x4 \X41`:        `C:\xray \x4 \X41`,
		"raw\xff":                 `raw\xff`,
		"\xe2\x98":                `\xe2\x98`,
		"\\\xff":                  `\x5c\xff`,
		`raw\xff`:                 `raw\x5cxff`,
		`\\x00`:                   `\x5c\x5cx00`,
	} {
		if got := validText(value); got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}

// Different values have different results: the escaping can be undone.
func FuzzValidText(f *testing.F) {
	for _, value := range []string{"joy", "raw\xff", `raw\xff`, `raw\x5cxff`, "\\\xff", "\xe2\x98x"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		text := validText(value)
		if !utf8.ValidString(text) {
			t.Fatalf("%q is not valid", text)
		}
		if back := undo(text); back != value {
			t.Errorf("%q became %q, which means %q", value, text, back)
		}
	})
}

func undo(text string) string {
	if !hasEscape(text) {
		return text
	}
	var value strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			value.WriteByte(text[i])
			continue
		}
		value.WriteByte(byte(strings.IndexByte(hexDigits, text[i+2])<<4 | strings.IndexByte(hexDigits, text[i+3])))
		i += 3
	}
	return value.String()
}
