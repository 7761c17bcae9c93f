package contract

import "unicode/utf8"

const (
	ellipsis   = "…"
	sumDigits  = 16
	cutBytes   = MaxLabelBytes - len(ellipsis) - sumDigits
	fnvOffset  = 14695981039346656037 // FNV-1a, 64 bit
	fnvPrime   = 1099511628211
	markLength = len(ellipsis) + sumDigits
)

// Text builds a label, or the name of a model or a version, from chunks of any
// size in constant memory. The zero value is empty.
//
// A text longer than MaxLabelBytes is cut: Append writes its first bytes, an
// ellipsis and the 64-bit FNV-1a hash of the whole text in hex, so that different
// long labels stay different. A shorter text that already ends in an ellipsis and
// a hash gets another hash, so that no label looks like another label's cut.
type Text struct {
	_      [0]func() // no comparison, which would be code in every type with a Text
	kept   [MaxLabelBytes]byte
	length int    // of the whole text
	sum    uint64 // hash of the whole text, if it is longer than kept
}

// Reset makes t empty.
func (t *Text) Reset() { t.length = 0 }

// AddAll adds a chunk.
func (t *Text) AddAll(chunk []byte) {
	if t.length+len(chunk) <= MaxLabelBytes {
		t.length += copy(t.kept[t.length:], chunk)
		return
	}
	t.sum = addSum(t.hash(), chunk)
	if t.length < MaxLabelBytes {
		copy(t.kept[t.length:], chunk)
	}
	t.length += len(chunk)
}

// hash returns the hash of the whole text.
func (t *Text) hash() uint64 {
	if t.length > MaxLabelBytes {
		return t.sum
	}
	return addSum(fnvOffset, t.kept[:t.length])
}

func addSum(sum uint64, chunk []byte) uint64 {
	for _, c := range chunk {
		sum = (sum ^ uint64(c)) * fnvPrime
	}
	return sum
}

// IsEmpty reports whether t is empty.
func (t *Text) IsEmpty() bool { return t.length == 0 }

// IsCut reports whether Append cuts the text or adds a hash.
func (t *Text) IsCut() bool {
	return t.length > MaxLabelBytes || !IsWhole(t.kept[:t.length])
}

// IsWhole reports whether a Text of these bytes is not cut and gets no hash.
func IsWhole(text []byte) bool {
	return len(text) < markLength || len(text) <= MaxLabelBytes && !endsInMark(text)
}

// Append appends the text, cut if necessary, to dst.
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

// endsInMark reports whether a text ends in an ellipsis and a hash. The text must
// have at least markLength bytes.
func endsInMark(text []byte) bool {
	mark := text[len(text)-markLength:]
	return string(mark[:len(ellipsis)]) == ellipsis &&
		areHexDigits(mark[len(ellipsis):])
}

func areHexDigits(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// wholeRunes removes an incomplete character from the end of text.
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
