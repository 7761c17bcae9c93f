// Package ascii has the functions of bytes, strings, strconv and errors that the
// filter needs. These packages, and encoding/binary, would take 26 kB of the module,
// most of it for the tables of Unicode and for reflection.
package ascii

// Text is a text of any encoding. The functions compare bytes.
type Text interface{ ~string | ~[]byte }

// IndexByte returns the position of the first c, or -1.
func IndexByte[T Text](text T, c byte) int {
	for i := range len(text) {
		if text[i] == c {
			return i
		}
	}
	return -1
}

// LastIndexByte returns the position of the last c, or -1.
func LastIndexByte[T Text](text T, c byte) int {
	at := len(text) - 1
	for at >= 0 && text[at] != c {
		at--
	}
	return at
}

// ContainsFold reports whether a text holds a word of lower case, in any case.
func ContainsFold[T Text](text T, word string) bool {
	for at := range len(text) - len(word) + 1 {
		n := 0
		for n < len(word) && lower(text[at+n]) == word[n] {
			n++
		}
		if n == len(word) {
			return true
		}
	}
	return false
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | ' '
	}
	return c
}

// Equal reports whether two texts are equal. In WebAssembly, Go compares a byte at
// a time; Equal compares eight.
func Equal(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for len(a) >= 8 && len(b) >= 8 {
		if word(a) != word(b) {
			return false
		}
		a, b = a[8:], b[8:]
	}
	return string(a) == string(b)
}

// word returns the first eight bytes of a text. The compiler makes one load of it.
func word(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// Cut splits a text before and after the first separator. Without one, after is empty.
func Cut[T Text](text T, separator byte) (before, after T, ok bool) {
	if at := IndexByte(text, separator); at >= 0 {
		return text[:at], text[at+1:], true
	}
	return text, text[len(text):], false
}

// HasPrefix reports whether a text begins with prefix.
func HasPrefix[T Text](text T, prefix string) bool {
	return len(text) >= len(prefix) && string(text[:len(prefix)]) == prefix
}

// HasSuffix reports whether a text ends with suffix.
func HasSuffix[T Text](text T, suffix string) bool {
	return len(text) >= len(suffix) && string(text[len(text)-len(suffix):]) == suffix
}

// CutPrefix returns a text without prefix, and whether it had the prefix.
func CutPrefix[T Text](text T, prefix string) (rest T, ok bool) {
	if !HasPrefix(text, prefix) {
		return text, false
	}
	return text[len(prefix):], true
}

// CutSuffix returns a text without suffix, and whether it had the suffix.
func CutSuffix[T Text](text T, suffix string) (rest T, ok bool) {
	if !HasSuffix(text, suffix) {
		return text, false
	}
	return text[:len(text)-len(suffix)], true
}

// IsDigit reports whether c is a decimal digit.
func IsDigit(c byte) bool { return '0' <= c && c <= '9' }

// AppendInt appends an integer to dst, in decimal.
func AppendInt(dst []byte, value int64) []byte {
	magnitude := uint64(value)
	if value < 0 {
		dst, magnitude = append(dst, '-'), -magnitude
	}
	var digits [20]byte
	at := len(digits)
	for first := true; first || magnitude > 0; first = false {
		at--
		digits[at] = '0' + byte(magnitude%10)
		magnitude /= 10
	}
	return append(dst, digits[at:]...)
}

// Int returns an integer in decimal.
func Int(value int) string { return string(AppendInt(nil, int64(value))) }

// Error is an error that is a text.
type Error string

func (e Error) Error() string { return string(e) }
