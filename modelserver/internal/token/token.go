// Package token turns a text into the ids that an uncased BERT model reads. It uses WordPiece and gives the same ids as
// Hugging Face's BertTokenizerFast (testdata/README.md lists the known differences).
package token

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWordRunes is BERT's own limit. A longer word becomes one [UNK].
const maxWordRunes = 100

// Tokenizer holds a vocabulary. It is safe for concurrent use.
type Tokenizer struct {
	first         map[string]int64 // ids of pieces at the start of a word
	next          map[string]int64 // ids of pieces inside a word, without the prefix "##"
	cls, sep, unk int64
	maxTokens     int
}

// Open reads a vocab.txt, in which a piece's line number is its id. A text has at most maxTokens ids, [CLS] and [SEP]
// included.
func Open(path string, maxTokens int) (*Tokenizer, error) {
	if maxTokens < 3 {
		return nil, fmt.Errorf("tokenizer: %d tokens a text leave no space for text between [CLS] and [SEP]; want at least 3", maxTokens)
	}
	t := &Tokenizer{first: map[string]int64{}, next: map[string]int64{}, maxTokens: maxTokens}
	if err := t.read(path); err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	for piece, id := range map[string]*int64{"[CLS]": &t.cls, "[SEP]": &t.sep, "[UNK]": &t.unk} {
		known, ok := t.first[piece]
		if !ok {
			return nil, fmt.Errorf("vocabulary %s has no line %s; it is no BERT vocabulary", path, piece)
		}
		*id = known
	}
	return t, nil
}

func (t *Tokenizer) read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for id := int64(0); lines.Scan(); id++ {
		if piece, isNext := strings.CutPrefix(lines.Text(), "##"); isNext && piece != "" {
			t.next[piece] = id
			continue
		}
		t.first[lines.Text()] = id
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Encode returns the ids of a text: [CLS], at most maxTokens-2 pieces, [SEP]. The rest of the text is dropped. A marker
// in the text, such as "[SEP]", becomes three pieces of text, so that a caller cannot forge a marker.
func (t *Tokenizer) Encode(text string) []int64 {
	ids := append(make([]int64, 0, t.maxTokens), t.cls)
	last := t.maxTokens - 1
	for _, word := range strings.FieldsFunc(normalise(text), unicode.IsSpace) {
		for word != "" && len(ids) < last {
			size := wordSize(word)
			ids = t.appendPieces(ids, word[:size])
			word = word[size:]
		}
		if len(ids) >= last {
			break
		}
	}
	return append(ids[:min(len(ids), last)], t.sep)
}

// wordSize returns the length in bytes of the first word of s: one punctuation mark, or the text up to the next mark.
func wordSize(s string) int {
	if at := strings.IndexFunc(s, isPunctuation); at > 0 {
		return at
	} else if at < 0 {
		return len(s)
	}
	_, size := utf8.DecodeRuneInString(s)
	return size
}

// appendPieces splits a word from its start into the longest pieces of the vocabulary. A word that cannot be split to its
// end becomes one [UNK].
func (t *Tokenizer) appendPieces(ids []int64, word string) []int64 {
	if utf8.RuneCountInString(word) > maxWordRunes {
		return append(ids, t.unk)
	}
	start, pieces := len(ids), t.first
	for word != "" {
		id, size := longest(pieces, word)
		if size == 0 {
			return append(ids[:start], t.unk)
		}
		ids, word, pieces = append(ids, id), word[size:], t.next
	}
	return ids
}

// longest returns the longest piece at the start of word, or size 0 if no piece matches.
func longest(pieces map[string]int64, word string) (id int64, size int) {
	for size = len(word); size > 0; {
		if id, ok := pieces[word[:size]]; ok {
			return id, size
		}
		_, last := utf8.DecodeLastRuneInString(word[:size])
		size -= last
	}
	return 0, 0
}

// normalise drops control characters, puts spaces around ideographs, removes accents and lower-cases, in the order of
// huggingface/tokenizers:tokenizers/src/normalizers/bert.rs. It drops bytes that are not UTF-8.
func normalise(text string) string {
	var clean strings.Builder
	clean.Grow(len(text))
	for _, r := range text {
		switch {
		case isSpace(r):
			clean.WriteByte(' ')
		case isDropped(r):
		case isIdeograph(r):
			clean.WriteByte(' ')
			clean.WriteRune(r)
			clean.WriteByte(' ')
		default:
			clean.WriteRune(r)
		}
	}
	return strings.Map(foldRune, norm.NFD.String(clean.String()))
}

// foldRune lower-cases a rune, and drops an accent of the previous rune.
func foldRune(r rune) rune {
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return unicode.ToLower(r)
}

// isSpace differs from unicode.IsSpace in control characters: only three of them are spaces for BERT.
func isSpace(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || unicode.IsSpace(r) && !unicode.IsControl(r)
}

// isDropped reports whether r is the replacement character or a control, format or private-use character. Go's unicode.C
// would also include unassigned characters. BERT keeps them, so that a new emoji becomes [UNK].
func isDropped(r rune) bool {
	return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co)
}

// isPunctuation reports whether r is a punctuation mark. As in BERT, ASCII symbols such as $ and + are marks too.
func isPunctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r != 0x7f && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}
	return unicode.IsPunct(r)
}

// ideographs are BERT's ranges. The fifth range begins at 2B920, as in Hugging Face's code; in Unicode it begins at 2B820.
var ideographs = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x3400, Hi: 0x4DBF, Stride: 1}, {Lo: 0x4E00, Hi: 0x9FFF, Stride: 1}, {Lo: 0xF900, Hi: 0xFAFF, Stride: 1}},
	R32: []unicode.Range32{
		{Lo: 0x20000, Hi: 0x2A6DF, Stride: 1}, {Lo: 0x2A700, Hi: 0x2B73F, Stride: 1}, {Lo: 0x2B740, Hi: 0x2B81F, Stride: 1},
		{Lo: 0x2B920, Hi: 0x2CEAF, Stride: 1}, {Lo: 0x2F800, Hi: 0x2FA1F, Stride: 1},
	},
}

func isIdeograph(r rune) bool { return unicode.Is(ideographs, r) }
