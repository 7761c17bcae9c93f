package counters

import (
	"unicode/utf8"

	"github.com/moodring/moodring/plugin/internal/ascii"
)

// The form of a label that the configuration does not list. Anything else looks
// like text: a generated sentence, base64, an identifier, a file.
const (
	maxFormBytes = 64
	maxWords     = 3
	maxRun       = 24 // letters and digits in a row
	maxCodeRun   = 11 // the same with two digits or more
	maxDigits    = 8  // in the whole label, as in the names of ImageNet's classes (n02123045)
	maxNumber    = 4  // digits of a label without letters
)

// looksLikeLabel reports whether a text has the form of a label: up to 64 bytes and
// three words on one line, no more than 24 letters and digits in a row, 11 if two
// of them are digits, no more than 8 digits in all, 4 without a letter, nothing that
// stands in addresses and JSON, and no punctuation at the end as in sentences and
// base64. A number is a label if it can be the index of a class.
func looksLikeLabel(text []byte) bool {
	if len(text) > maxFormBytes || words(text) > maxWords || hasTextEnd(text) || isDecimal(text) {
		return false
	}
	run, digits, all, hasLetter := 0, 0, 0, false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		switch {
		case r == utf8.RuneError && size == 1 || r < ' ' || 0x7f <= r && r < 0xa0 || all > maxDigits:
			return false
		case r == '@' || r == '{' || r == '}' || r == '[' || r == ']', r == '/' && i < len(text) && text[i] == '/':
			return false
		case r < utf8.RuneSelf && !isLetterOrDigit(byte(r)):
			run, digits = 0, 0
			continue
		case '0' <= r && r <= '9':
			digits++
			all++
		default:
			hasLetter = true
		}
		if run += width(r); run > maxRun || run > maxCodeRun && digits > 1 {
			return false
		}
	}
	return all <= maxNumber || hasLetter && all <= maxDigits
}

// width returns for how many letters a letter counts. In the scripts whose letters
// take three bytes or more, a letter says more than one of an alphabet.
func width(letter rune) int {
	if letter < 1<<11 {
		return 1
	}
	return 2
}

// isDecimal reports whether a text is a number with a point or an exponent.
func isDecimal(text []byte) bool {
	digits, isDecimal := 0, false
	for i, c := range text {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case c == '.', digits > 0 && c|' ' == 'e':
			isDecimal = true
		case (c == '-' || c == '+') && (i == 0 || text[i-1]|' ' == 'e'):
		default:
			return false
		}
	}
	endsInDigit := len(text) > 0 && ascii.IsDigit(text[len(text)-1])
	return endsInDigit && isDecimal
}

// words returns the number of words between spaces. A word has a letter or a digit.
func words(text []byte) (n int) {
	isIn := false
	for _, c := range text {
		switch {
		case c == ' ':
			isIn = false
		case !isIn && (c >= utf8.RuneSelf || isLetterOrDigit(c)):
			isIn = true
			n++
		}
	}
	return n
}

// hasTextEnd reports whether a text of several characters ends like a sentence or
// like base64.
func hasTextEnd(text []byte) bool {
	return len(text) > 1 && ascii.IndexByte([]byte(".,;:!?="), text[len(text)-1]) >= 0
}

func isLetterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// usuallyNew is the number of labels that a model may answer before some of them
// have come again.
const usuallyNew = 8

// labelLimit returns how many labels the model may have by now. A classifier repeats
// its labels, and a model that writes text does not. So a text that is no label takes
// one of the labels that are free, and each further label needs an earlier one to
// come again.
func (m *Model) labelLimit(most int) int { return min(most, max(usuallyNew-m.texts, m.repeats)) }
