package contract

import (
	"bytes"
	"unicode/utf8"
)

const (
	ellipsis   = "…"
	sumDigits  = 16
	cutBytes   = MaxLabelBytes - len(ellipsis) - sumDigits
	fnvOffset  = 14695981039346656037 // FNV-1a, 64 bit
	fnvPrime   = 1099511628211
	markLength = len(ellipsis) + sumDigits
)

// Text gathers a label, or a model's or version's name, in constant memory,
// however long it is and in whatever pieces it comes. Its zero value is empty.
//
// One longer than MaxLabelBytes is cut: its first bytes, an ellipsis and the
// 64-bit FNV-1a hash of the whole in hex, so that two long labels stay two. A
// shorter one that already ends so is marked the same way, so that a label
// cannot pass for another one's cut.
type Text struct {
	kept   [MaxLabelBytes]byte
	length int    // of the whole
	sum    uint64 // of the whole, once it is longer than kept
}

// Reset empties t.
func (t *Text) Reset() { t.length = 0 }

// AddAll adds a piece.
func (t *Text) AddAll(piece []byte) {
	if t.length+len(piece) <= MaxLabelBytes {
		t.length += copy(t.kept[t.length:], piece)
		return
	}
	t.sum = addSum(t.hash(), piece)
	if t.length < MaxLabelBytes {
		copy(t.kept[t.length:], piece)
	}
	t.length += len(piece)
}

// hash returns the sum of what was added.
func (t *Text) hash() uint64 {
	if t.length > MaxLabelBytes {
		return t.sum
	}
	return addSum(fnvOffset, t.kept[:t.length])
}

func addSum(sum uint64, piece []byte) uint64 {
	for _, c := range piece {
		sum = (sum ^ uint64(c)) * fnvPrime
	}
	return sum
}

// IsCut tells whether Append will cut or mark the text.
func (t *Text) IsCut() bool {
	return t.length > MaxLabelBytes || !IsWhole(t.kept[:t.length])
}

// IsWhole tells whether a Text of these bytes would keep them as they are.
func IsWhole(text []byte) bool {
	return len(text) < markLength || len(text) <= MaxLabelBytes && !endsInMark(text)
}

// Append appends the text, cut if need be, to dst.
func (t *Text) Append(dst []byte) []byte {
	if !t.IsCut() {
		return append(dst, t.kept[:t.length]...)
	}
	dst = append(dst, wholeRunes(t.kept[:min(t.length, cutBytes)])...)
	dst = append(dst, ellipsis...)
	sum := t.hash()
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[sum>>shift&15])
	}
	return dst
}

// endsInMark takes a text of at least markLength bytes.
func endsInMark(text []byte) bool {
	mark := text[len(text)-markLength:]
	return string(mark[:len(ellipsis)]) == ellipsis &&
		len(bytes.Trim(mark[len(ellipsis):], hexDigits)) == 0
}

// wholeRunes drops a character that the end of text splits.
func wholeRunes(text []byte) []byte {
	for back := 1; back <= min(utf8.UTFMax, len(text)); back++ {
		if tail := text[len(text)-back:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return text[:len(text)-back]
			}
			break
		}
	}
	return text
}
