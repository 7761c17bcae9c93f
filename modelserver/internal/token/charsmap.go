package token

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"
)

// charsmap is SentencePiece's precompiled table of replacements: a double-array trie of the replaced texts, each with the place
// of its replacement.
type charsmap struct {
	units        []unit
	replacements []byte // each ends at a zero byte
}

// unit is a cell of the double array: a label, whether a text ends here, and the distance to the children, as an exclusive or.
type unit uint32

func (u unit) label() uint32  { return uint32(u) & (1<<31 | 0xff) }
func (u unit) ends() bool     { return u>>8&1 == 1 }
func (u unit) offset() uint32 { return uint32(u>>10) << (u & (1 << 9) >> 6) }
func (u unit) value() uint32  { return uint32(u) & (1<<31 - 1) }

func readPrecompiled(c component) ([]normalizer, error) {
	var settings struct {
		Table string `json:"precompiled_charsmap"`
	}
	if err := c.read(&settings); err != nil {
		return nil, err
	}
	m, err := readCharsmap(settings.Table)
	if err != nil {
		return nil, err
	}
	return []normalizer{{m.normalize, m.lead}}, nil
}

// readCharsmap reads the table: the length of the trie in bytes, the trie, and the replacements.
func readCharsmap(encoded string) (*charsmap, error) {
	data, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, errors.New("precompiled_charsmap is not base64")
	}
	if len(data) < 4 {
		return nil, errors.New("precompiled_charsmap is too short")
	}
	count, data := binary.LittleEndian.Uint32(data)/4, data[4:]
	if count == 0 || int64(count) > int64(len(data)/4) {
		return nil, errors.New("precompiled_charsmap is shorter than its trie")
	}
	m := &charsmap{units: make([]unit, count), replacements: data[4*count:]}
	for i := range m.units {
		m.units[i] = unit(binary.LittleEndian.Uint32(data[4*i:]))
	}
	if !utf8.Valid(m.replacements) {
		return nil, errors.New("a replacement in precompiled_charsmap is not UTF-8")
	}
	return m, m.check()
}

// check follows every way through the trie, so that lookups need no checks.
func (m *charsmap) check() error {
	seen := make([]bool, len(m.units))
	places := []uint32{m.units[0].offset()}
	for len(places) > 0 {
		place := places[len(places)-1]
		places = places[:len(places)-1]
		if place|0xff >= uint32(len(m.units)) {
			return errors.New("the trie in precompiled_charsmap points outside itself")
		}
		if seen[place] {
			continue
		}
		seen[place] = true
		for label := uint32(1); label < 0x100; label++ {
			child := m.units[place^label]
			if child.label() != label {
				continue
			}
			next := place ^ label ^ child.offset()
			places = append(places, next)
			if !child.ends() || next >= uint32(len(m.units)) {
				continue
			}
			if at := m.units[next].value(); at > uint32(len(m.replacements)) ||
				at < uint32(len(m.replacements)) && !utf8.RuneStart(m.replacements[at]) {
				return errors.New("the trie in precompiled_charsmap points outside the replacements")
			}
		}
	}
	return nil
}

// replacement returns the replacement of the shortest text of the table with which a text begins. The rest of the text goes
// too: that is how the library reads the table.
func (m *charsmap) replacement(text string) (string, bool) {
	place := m.units[0].offset()
	for i := range len(text) {
		label := uint32(text[i])
		child := m.units[place^label]
		if label == 0 || child.label() != label {
			return "", false
		}
		place ^= label ^ child.offset()
		if child.ends() {
			found := m.replacements[m.units[place].value():]
			if end := bytes.IndexByte(found, 0); end >= 0 {
				found = found[:end]
			}
			return string(found), true
		}
	}
	return "", false
}

// shortGrapheme is the length in bytes from which a grapheme is replaced character by character.
const shortGrapheme = 6

// each calls yield for each replacement of a text, and for each character that stays.
func (m *charsmap) each(text string, yield func(old, replacement string)) {
	for text != "" {
		size := grapheme(text)
		if size < shortGrapheme {
			if replacement, ok := m.replacement(text[:size]); ok {
				yield(text[:size], replacement)
				text = text[size:]
				continue
			}
		}
		for end := len(text) - size; len(text) > end; {
			_, size := utf8.DecodeRuneInString(text)
			replacement, ok := m.replacement(text[:size])
			if !ok {
				replacement = text[:size]
			}
			yield(text[:size], replacement)
			text = text[size:]
		}
	}
}

func (m *charsmap) normalize(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	m.each(text, func(_, replacement string) { out.WriteString(replacement) })
	return out.String()
}

// lead counts as the library does: it matches the characters of the old and of the new text one by one, and forgets the
// characters that the table drops from the start.
func (m *charsmap) lead(text string, length int) int {
	type character struct{ size, added int } // added is 1 if no old character belongs to it, and -n if n further ones do
	var out []character
	m.each(text, func(old, replacement string) {
		added := utf8.RuneCountInString(replacement) - utf8.RuneCountInString(old)
		left := utf8.RuneCountInString(replacement)
		for _, r := range replacement {
			c := character{size: utf8.RuneLen(r)}
			if left <= added {
				c.added = 1
			}
			out = append(out, c)
			left--
		}
		if added < 0 && len(out) > 0 {
			out[len(out)-1].added += added
		}
	})
	at, lead := 0, 0
	for _, c := range out {
		place, gone := at, 1-c.added
		if c.added > 0 {
			place, gone = max(0, at-1), 0
		}
		if place >= length {
			break
		}
		lead += c.size
		for range gone {
			_, size := utf8.DecodeRuneInString(text[at:])
			at += size
		}
	}
	return lead
}
