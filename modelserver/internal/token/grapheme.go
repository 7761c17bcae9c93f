package token

import (
	"slices"
	"unicode/utf8"
)

// A grapheme is a user-perceived character, which may have several code points (Unicode, annex 29). Regional indicators, which
// form flags, have no rule here. A flag has eight bytes, and a table of replacements takes only shorter graphemes whole.

// breakClass is a character's class in the rules for graphemes.
type breakClass uint8

const (
	breakOther breakClass = iota
	breakControl
	breakPrepend
	breakSpacing
	breakExtend
	breakIndicExtend // an Extend that may stand between two consonants
	breakLinker      // an Extend that joins two consonants
	breakJoiner      // U+200D
	breakLead        // of a Hangul syllable
	breakVowel
	breakTrail
	breakSyllable       // Hangul, without a trail
	breakClosedSyllable // Hangul, with a trail
	breakPicture
	breakConsonant
)

// breakSpan is a range of characters of one class.
type breakSpan struct {
	span
	class breakClass
}

func breakClassOf(r rune) breakClass {
	if r < 0x300 && r >= ' ' && r < 0x7f {
		return breakOther
	}
	if hangulFirst <= r && r <= hangulLast {
		if (r-hangulFirst)%trails == 0 {
			return breakSyllable
		}
		return breakClosedSyllable
	}
	at, ok := slices.BinarySearchFunc(breaks, r, func(s breakSpan, r rune) int { return compareSpan(s.span, r) })
	if !ok {
		return breakOther
	}
	return breaks[at].class
}

// cluster is the state of the rules inside a grapheme.
type cluster struct {
	last    breakClass
	picture bool // a picture, then Extends; with last a joiner, another picture goes on
	indic   bool // a consonant, then Extends for Indic scripts
	linked  bool // a linker among these
}

// joins reports whether the next character belongs to the grapheme.
func (c *cluster) joins(next breakClass) bool {
	switch next {
	case breakExtend, breakIndicExtend, breakLinker, breakJoiner, breakSpacing:
		return c.last != breakControl
	case breakControl:
		return false
	}
	switch c.last {
	case breakControl:
		return false
	case breakPrepend:
		return true
	case breakLead:
		return next == breakLead || next == breakVowel || next == breakSyllable || next == breakClosedSyllable
	case breakVowel, breakSyllable:
		return next == breakVowel || next == breakTrail
	case breakTrail, breakClosedSyllable:
		return next == breakTrail
	case breakJoiner:
		return c.picture && next == breakPicture || c.linked && next == breakConsonant
	}
	return c.linked && next == breakConsonant
}

// add makes a character the last of the grapheme.
func (c *cluster) add(next breakClass) {
	extends := next == breakExtend || next == breakIndicExtend || next == breakLinker
	c.picture = next == breakPicture || c.picture && (extends || next == breakJoiner) && c.last != breakJoiner
	c.indic = next == breakConsonant || c.indic && (next == breakIndicExtend || next == breakLinker || next == breakJoiner)
	c.linked = c.indic && next != breakConsonant && (c.linked || next == breakLinker)
	c.last = next
}

// grapheme returns the length in bytes of the first grapheme of a text.
func grapheme(text string) int {
	if len(text) == 1 || text[0] < utf8.RuneSelf && text[1] < utf8.RuneSelf {
		if len(text) > 1 && text[0] == '\r' && text[1] == '\n' {
			return 2
		}
		return 1
	}
	r, at := utf8.DecodeRuneInString(text)
	var c cluster
	c.add(breakClassOf(r))
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		next := breakClassOf(r)
		if !c.joins(next) {
			break
		}
		c.add(next)
		at += size
	}
	return at
}
