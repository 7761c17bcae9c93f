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
// three words on one line and in one direction, no more than 24 letters and digits in a row, 11 if two
// of them are digits, no more than 8 digits in all, 4 without a letter, no word that
// is a number with a point or an exponent, nothing that stands in addresses and
// JSON, and no punctuation at the end as in sentences and base64.
func looksLikeLabel(text []byte) bool {
	if isShortWord(text) {
		return true
	}
	if len(text) > maxFormBytes || hasTextEnd(text) {
		return false
	}
	var f form
	before := rune(' ')
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if i += size; r == utf8.RuneError && size == 1 {
			return false
		}
		next := ' '
		if i < len(text) {
			next = rune(text[i])
		}
		if !f.add(before, r, next) {
			return false
		}
		before = r
	}
	return f.endWord() && (f.digits <= maxNumber || f.hasLetter && f.digits <= maxDigits)
}

// isShortWord reports whether a text is a word of letters and underscores, as most
// labels are. It saves them the other rules.
func isShortWord(text []byte) bool {
	for _, c := range text {
		if lower := c | ' '; (lower < 'a' || lower > 'z') && c != '_' {
			return false
		}
	}
	return len(text) <= maxRun
}

// form is the form of a text so far.
type form struct {
	words, digits  int
	hasLetter      bool
	run, runDigits int // letters and digits in a row, and the digits among them

	// Of the current word:
	isWord     bool // it has a letter or a digit
	isText     bool // it has a letter
	hasDecimal bool // it has a point or an exponent, as in $12.50 and 1e-05
}

// add adds a character, and reports whether the text may still be a label. next is
// the byte behind.
func (f *form) add(before, r, next rune) bool {
	switch {
	case isSpace(r):
		f.run, f.runDigits = 0, 0
		return f.endWord()
	case r < ' ' || 0x7f <= r && r < 0xa0 || 0x2028 <= r && r < 0x202f || r == '@' || r == '{' || r == '}' || r == '[' || r == ']' || r == '/' && next == '/':
		return false
	case isDigit(r):
		f.digits++
		f.runDigits++
	case r|' ' == 'e' && isDigit(before) && (isDigit(next) || next == '-' || next == '+'):
		f.hasDecimal = true
	case isLetter(r):
		f.isText, f.hasLetter = true, true
	case r < utf8.RuneSelf:
		f.hasDecimal = f.hasDecimal || r == '.' && isDigit(next)
		f.run, f.runDigits = 0, 0
		return true
	}
	f.isWord = true
	f.run += width(r)
	return f.run <= maxRun && (f.run <= maxCodeRun || f.runDigits < 2)
}

// endWord ends a word, and reports whether the text may still be a label.
func (f *form) endWord() bool {
	if f.isWord {
		f.words++
	}
	isValue := f.hasDecimal && !f.isText
	f.isWord, f.isText, f.hasDecimal = false, false, false
	return !isValue && f.words <= maxWords
}

// width returns for how many letters a letter counts. In the scripts whose letters
// take three bytes or more, a letter says more than one of an alphabet.
func width(letter rune) int {
	if letter < 1<<11 {
		return 1
	}
	return 2
}

// isDigit reports whether a character is a digit: of ASCII, Arabic, Persian or Hindi,
// or of full width.
func isDigit(r rune) bool {
	if r < utf8.RuneSelf {
		return '0' <= r && r <= '9'
	}
	return '٠' <= r && r <= '٩' || '۰' <= r && r <= '۹' || '०' <= r && r <= '९' || '０' <= r && r <= '９'
}

// isSpace reports whether a character ends a word, in any script.
func isSpace(r rune) bool {
	return r == ' ' || r == 0xa0 || 0x2000 <= r && r < 0x200c || r == 0x202f || r == 0x3000
}

// isLetter reports whether a character is a letter of any script. Signs such as those
// of currencies are no letters.
func isLetter(r rune) bool {
	isSign := 0xa0 <= r && r < 0xc0 || 0x2000 <= r && r < 0x2c00
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= utf8.RuneSelf && !isSign
}

// hasTextEnd reports whether a text of several characters ends like a sentence or
// like base64.
func hasTextEnd(text []byte) bool {
	return len(text) > 1 && ascii.IndexByte([]byte(".,;:!?="), text[len(text)-1]) >= 0
}

// usuallyNew is the number of labels that a model may answer before some of them
// have come again.
const usuallyNew = 8

// labelLimit returns how many labels the model may have by now. A classifier repeats
// its labels, and a model that writes text does not. So a text that is no label takes
// one of the labels that are free, and each further label needs an earlier one to
// come again.
func (m *Model) labelLimit(most int) int { return min(most, max(usuallyNew-m.texts, m.repeats)) }
