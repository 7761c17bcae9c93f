package token

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// clean drops control characters, and makes a space of every space.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case dropped.has(r):
			return -1
		case isSpace(r):
			return ' '
		}
		return r
	}, text)
}

// cleanNmt drops some control characters, and makes a space of some others, as SentencePiece's rules for translation do.
func cleanNmt(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 0x1 <= r && r <= 0x8, r == 0xb, 0xe <= r && r <= 0x1f, r == 0x7f, r == 0x8f, r == 0x9f:
			return -1
		case r == '\t', r == '\n', r == '\f', r == '\r', r == 0x1680, 0x200b <= r && r <= 0x200f, r == 0x2028, r == 0x2029,
			r == 0x2581, r == 0xfeff, r == 0xfffd:
			return ' '
		}
		return r
	}, text)
}

// spaceIdeographs puts spaces around ideographs, so that each is a word.
func spaceIdeographs(text string) string {
	var out strings.Builder
	for _, r := range text {
		if ideographs.has(r) {
			out.WriteByte(' ')
			out.WriteRune(r)
			out.WriteByte(' ')
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// stripAccents removes the accents that bert.rs removes.
func stripAccents(text string) string {
	return strings.Map(func(r rune) rune {
		if accents.has(r) {
			return -1
		}
		return r
	}, decompose(text))
}

// stripMarks removes all combining marks, but decomposes nothing.
func stripMarks(text string) string {
	return strings.Map(func(r rune) rune {
		if marks.has(r) {
			return -1
		}
		return r
	}, text)
}

// lower changes each character by itself; no rule depends on neighbours.
func lower(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	for _, r := range text {
		switch small, ok := lowered[r]; {
		case r < utf8.RuneSelf && 'A' <= r && r <= 'Z':
			out.WriteByte(byte(r) + 'a' - 'A')
		case ok:
			out.WriteString(small)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Hangul syllables are composed by arithmetic (Unicode, chapter 3.12).
const (
	hangulFirst            = 0xac00
	hangulLast             = 0xd7a3
	leadFirst, leadLast    = 0x1100, 0x1112
	vowelFirst, vowelLast  = 0x1161, 0x1175
	trailBefore, trailLast = 0x11a7, 0x11c2
	trails                 = trailLast - trailBefore + 1
	vowels                 = vowelLast - vowelFirst + 1
	syllablesOfLead        = vowels * trails
)

// decompose is Unicode's normalization form D.
func decompose(text string) string { return decomposeBy(text, nil) }

// decomposeCompatible is Unicode's normalization form KD.
func decomposeCompatible(text string) string { return decomposeBy(text, compatible) }

// decomposeBy decomposes each character by a further table, or else canonically.
func decomposeBy(text string, table map[rune]string) string {
	if isASCII(text) {
		return text
	}
	runes := make([]rune, 0, len(text))
	for _, r := range text {
		if parts, ok := table[r]; ok {
			runes = append(runes, []rune(parts)...)
		} else {
			runes = appendDecomposed(runes, r)
		}
	}
	reorder(runes)
	return string(runes)
}

// appendDecomposed appends the canonical decomposition of a character.
func appendDecomposed(runes []rune, r rune) []rune {
	if r < 0xc0 {
		return append(runes, r)
	}
	if hangulFirst <= r && r <= hangulLast {
		s := r - hangulFirst
		runes = append(runes, leadFirst+s/syllablesOfLead, vowelFirst+s%syllablesOfLead/trails)
		if trail := s % trails; trail > 0 {
			runes = append(runes, trailBefore+trail)
		}
		return runes
	}
	if parts, ok := decomposed[r]; ok {
		return append(runes, []rune(parts)...)
	}
	return append(runes, r)
}

// reorder sorts each run of combining marks by their classes.
func reorder(runes []rune) {
	for at := 0; at < len(runes); at++ {
		if class(runes[at]) == 0 {
			continue
		}
		end := at + 1
		for end < len(runes) && class(runes[end]) != 0 {
			end++
		}
		slices.SortStableFunc(runes[at:end], func(a, b rune) int { return int(class(a)) - int(class(b)) })
		at = end
	}
}

// class returns a character's canonical combining class; 0 for a character that starts a new run.
func class(r rune) uint8 {
	if r < 0x300 {
		return 0
	}
	at, ok := slices.BinarySearchFunc(classes, r, func(s classSpan, r rune) int { return compareSpan(s.span, r) })
	if !ok {
		return 0
	}
	return classes[at].class
}

// compose is Unicode's normalization form C.
func compose(text string) string { return joinPairs(decompose(text)) }

// composeCompatible is Unicode's normalization form KC.
func composeCompatible(text string) string { return joinPairs(decomposeCompatible(text)) }

// joinPairs composes the characters of a decomposed text.
func joinPairs(text string) string {
	if isASCII(text) {
		return text
	}
	runes := []rune(text)
	out := runes[:0]
	starter, last := -1, uint8(0) // the place in out of the last starter, and the class of the last character that stayed
	for _, r := range runes {
		current := class(r)
		if starter >= 0 && (last < current || last == 0 && starter == len(out)-1) {
			if joined, ok := pair(out[starter], r); ok {
				out[starter] = joined
				continue
			}
		}
		if current == 0 {
			starter = len(out)
		}
		last = current
		out = append(out, r)
	}
	return string(out)
}

// pair returns the character that two characters compose.
func pair(a, b rune) (rune, bool) {
	if leadFirst <= a && a <= leadLast && vowelFirst <= b && b <= vowelLast {
		return hangulFirst + (a-leadFirst)*syllablesOfLead + (b-vowelFirst)*trails, true
	}
	if hangulFirst <= a && a <= hangulLast && (a-hangulFirst)%trails == 0 && trailBefore < b && b <= trailLast {
		return a + b - trailBefore, true
	}
	joined, ok := composed[[2]rune{a, b}]
	return joined, ok
}
