// Package token turns a text into the ids that a network reads. It reads Hugging Face's tokenizer.json, and gives the ids
// of Hugging Face's tokenizers with encode_special_tokens: a marker in a text, such as "[SEP]", is text, so that a caller
// cannot forge a marker. Unigram is the exception, in Hugging Face's library too: its vocabulary lists the markers among its
// pieces, so the text of a marker gets the marker's id.
package token

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Tokenizer is the tokenizer of one model. It is safe for concurrent use.
type Tokenizer struct {
	raw, normalized []added // tokens that are found before and after normalizing
	normalizers     []normalizer
	splitters       []splitter
	later           []splitter // for parts that do not begin with the text; nil if they are split as the first part is
	model           model
	before, after   []int64 // ids around each text
	kind            string
}

// normalizer changes a text before it is split.
type normalizer struct {
	change func(text string) string
	// lead returns the length in bytes of the changed text that stands for the first bytes of a text. It is nil if this server
	// does not know it.
	lead func(text string, length int) int
}

// local is a normalizer that changes each character by itself.
func local(change func(text string) string) normalizer {
	return normalizer{change, func(text string, length int) int { return len(change(text[:length])) }}
}

// splitter splits a part of a text into smaller parts.
type splitter func(part string) []string

// model appends the ids of one word, and knows the largest id of its vocabulary.
type model interface {
	append(ids []int64, word string) []int64
	maxID() int64
}

func largestID(tokens map[string]int64) int64 {
	largest := int64(0)
	for _, id := range tokens {
		largest = max(largest, id)
	}
	return largest
}

// Kind returns the name of the algorithm, such as "WordPiece".
func (t *Tokenizer) Kind() string { return t.kind }

// MaxID returns the largest id that the tokenizer can give.
func (t *Tokenizer) MaxID() int64 {
	largest := t.model.maxID()
	for _, a := range append(slices.Clip(t.raw), t.normalized...) {
		largest = max(largest, a.ID)
	}
	for _, id := range append(slices.Clip(t.before), t.after...) {
		largest = max(largest, id)
	}
	return largest
}

// Check returns an error if no text fits into limit ids.
func (t *Tokenizer) Check(limit int) error {
	if around := len(t.before) + len(t.after); limit <= around {
		return fmt.Errorf("%d tokens a text leave none for the text beside the %d markers", limit, around)
	}
	return nil
}

// Encode returns at most limit ids of a text with the markers around it, and whether the text was cut.
func (t *Tokenizer) Encode(text string, limit int) (ids []int64, cut bool) {
	limit -= len(t.before) + len(t.after)
	content := t.content(text, limit)
	if cut = len(content) > limit; cut {
		content = content[:limit]
	}
	ids = make([]int64, 0, len(t.before)+len(content)+len(t.after))
	return slices.Concat(ids, t.before, content, t.after), cut
}

// content returns the ids of the text without the markers. It stops after limit ids: the caller drops the rest.
func (t *Tokenizer) content(text string, limit int) []int64 {
	var ids []int64
	for _, outer := range split(text, t.raw) {
		if outer.token != nil {
			ids = append(ids, outer.token.ID)
			continue
		}
		lead := 0
		if outer.start == 0 && t.later != nil {
			_, lead = utf8.DecodeRuneInString(text)
		}
		part, lead := t.normalize(outer.text, lead)
		for _, inner := range split(part, t.normalized) {
			splitters := t.splitters
			if t.later != nil && inner.start >= lead {
				splitters = t.later
			}
			if inner.token != nil {
				ids = append(ids, inner.token.ID)
			} else {
				ids = t.words(ids, inner.text, splitters, limit)
			}
			if len(ids) > limit {
				return ids
			}
		}
	}
	return ids
}

// normalize returns the changed part, and the length of it that stands for the first lead bytes of the part.
func (t *Tokenizer) normalize(part string, lead int) (string, int) {
	for _, n := range t.normalizers {
		if lead > 0 {
			lead = n.lead(part, lead)
		}
		part = n.change(part)
	}
	return part, lead
}

// words appends the ids of the words of a part. No space is put before an empty part.
func (t *Tokenizer) words(ids []int64, part string, splitters []splitter, limit int) []int64 {
	if part == "" {
		return ids
	}
	words := []string{part}
	for _, split := range splitters {
		var smaller []string
		for _, word := range words {
			smaller = append(smaller, split(word)...)
		}
		words = smaller
	}
	for _, word := range words {
		if len(ids) > limit {
			break
		}
		if word != "" {
			ids = t.model.append(ids, word)
		}
	}
	return ids
}
