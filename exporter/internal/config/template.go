package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// ExpandTemplate replaces $name and ${name} in a template by value(name), and $$ by
// a dollar sign, as regexp.Expand does. A name without braces is as long as
// possible: $1x is ${1x}, not ${1}x. Unlike in regexp.Expand, a name in braces may
// have any character but the closing brace, because labels may.
func ExpandTemplate(template string, value func(name string) string) string {
	var expanded strings.Builder
	for {
		before, after, ok := strings.Cut(template, "$")
		expanded.WriteString(before)
		if !ok {
			return expanded.String()
		}
		name, rest := cutReference(after)
		switch {
		case name != "":
			expanded.WriteString(value(name))
		case strings.HasPrefix(after, "$"):
			expanded.WriteByte('$')
			rest = after[1:]
		default:
			expanded.WriteByte('$')
		}
		template = rest
	}
}

// cutReference cuts the name at the start of text, which follows a dollar sign. name
// is "" if there is none.
func cutReference(text string) (name, rest string) {
	if inBraces, ok := strings.CutPrefix(text, "{"); ok {
		if name, rest, ok := strings.Cut(inBraces, "}"); ok && name != "" {
			return name, rest
		}
		return "", text
	}
	isWord := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	end := len(text) - len(strings.TrimLeftFunc(text, isWord))
	return text[:end], text[end:]
}

// checkTemplate refuses a reference to a group beyond the number of groups: it would
// be empty in all series.
func checkTemplate(template string, groups int) (err error) {
	ExpandTemplate(template, func(name string) string {
		number := name[:len(name)-len(strings.TrimLeft(name, "0123456789"))]
		group, numberErr := strconv.Atoi(number)
		switch {
		case number == "" || err != nil:
		case number != name:
			err = fmt.Errorf("$%s is neither a group nor a label: for the group $%s, write ${%s}%s", name, number, number, name[len(number):])
		case numberErr != nil || group > groups:
			err = fmt.Errorf("$%s: the last group of match is $%d; for a dollar sign, write $$", name, groups)
		}
		return ""
	})
	return err
}
