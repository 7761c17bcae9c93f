package token

import (
	"slices"
	"unicode/utf8"
)

// Hugging Face's library has Unicode tables of several versions, all of them other than Go's. tables.go holds what the
// library does with each character.
//
//go:generate ../../../.tools/venv/bin/python testdata/tables.py tables.go

// span is a range of characters, both ends included.
type span [2]rune

// set is a sorted list of spans.
type set []span

func compareSpan(s span, r rune) int {
	switch {
	case r < s[0]:
		return 1
	case r > s[1]:
		return -1
	}
	return 0
}

func (s set) has(r rune) bool {
	if len(s) == 0 || r < s[0][0] || r > s[len(s)-1][1] {
		return false
	}
	_, ok := slices.BinarySearchFunc(s, r, compareSpan)
	return ok
}

// classSpan is a range of combining marks of one class.
type classSpan struct {
	span
	class uint8
}

// isSpace is Rust's char::is_whitespace.
func isSpace(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || '\t' <= r && r <= '\r'
	}
	return spaces.has(r)
}

func isPunctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r != 0x7f && !isASCIILetter(r) && !isASCIIDigit(r)
	}
	return punctuation.has(r)
}

func isASCIILetter(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }

func isASCIIDigit(r rune) bool { return '0' <= r && r <= '9' }

// kind is the class of a character in GPT-2's pattern for words.
type kind int

const (
	otherKind kind = iota
	letterKind
	numberKind
	spaceKind
)

func kindOf(r rune) kind {
	switch {
	case r < utf8.RuneSelf && isASCIILetter(r):
		return letterKind
	case r < utf8.RuneSelf && isASCIIDigit(r):
		return numberKind
	case r < utf8.RuneSelf && isSpace(r), patternSpaces.has(r):
		return spaceKind
	case r < utf8.RuneSelf:
		return otherKind
	case letters.has(r):
		return letterKind
	case numbers.has(r):
		return numberKind
	}
	return otherKind
}
