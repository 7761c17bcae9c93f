package token

import (
	"strings"
	"unicode/utf8"
)

// wordPiece splits a word from its start into the longest tokens of its vocabulary.
type wordPiece struct {
	first    map[string]int64 // all tokens
	next     map[string]int64 // tokens inside a word, without their prefix
	unknown  int64
	maxRunes int // a longer word is unknown
}

func newWordPiece(vocabulary map[string]int64, prefix string, unknown int64, maxRunes int) *wordPiece {
	w := &wordPiece{first: vocabulary, next: map[string]int64{}, unknown: unknown, maxRunes: maxRunes}
	for token, id := range vocabulary {
		if rest, ok := strings.CutPrefix(token, prefix); ok {
			w.next[rest] = id
		}
	}
	return w
}

func (w *wordPiece) maxID() int64 { return largestID(w.first) }

// append adds the ids of a word, or the id of an unknown word if the word cannot be split to its end.
func (w *wordPiece) append(ids []int64, word string) []int64 {
	if utf8.RuneCountInString(word) > w.maxRunes {
		return append(ids, w.unknown)
	}
	start, tokens := len(ids), w.first
	for word != "" {
		id, size := longest(tokens, word)
		if size == 0 {
			return append(ids[:start], w.unknown)
		}
		ids, word, tokens = append(ids, id), word[size:], w.next
	}
	return ids
}

// longest returns the longest token at the start of word, or size 0 if no token matches.
func longest(tokens map[string]int64, word string) (id int64, size int) {
	for size = len(word); size > 0; {
		if id, ok := tokens[word[:size]]; ok {
			return id, size
		}
		_, last := utf8.DecodeLastRuneInString(word[:size])
		size -= last
	}
	return 0, 0
}
