package json

import (
	"math"
	"math/bits"
	"unsafe"
)

// Margin is the number of bytes that the readers of a Window may look at past a
// checked position. A score and the text around need less: three times
// maxSpace, and 54 bytes for Pair and Decimal.
const Margin = 128

// maxSpace is the maximum of white space that AfterSpace skips.
const maxSpace = 24

// A Window reads a chunk eight bytes at a time and without bounds checks, to
// recognise the usual content of replies in few steps. In Go's WebAssembly,
// every check and every call costs measurable time.
type Window struct {
	first unsafe.Pointer
	size  int
}

// WindowOn returns a window on a chunk.
func WindowOn(chunk []byte) Window {
	return Window{unsafe.Pointer(unsafe.SliceData(chunk)), len(chunk)}
}

// Has reports whether the chunk has the bytes from a position to Margin past
// it.
func (w Window) Has(at int) bool { return at <= w.size-Margin }

// Word returns the eight bytes at a position, which must exist. The first byte
// is the lowest: Envoy runs on little-endian machines only.
func (w Window) Word(at int) uint64 { return *(*uint64)(unsafe.Add(w.first, at)) }

// WordOf returns up to eight bytes as a word, filled with zeros.
func WordOf(text string) (word uint64) {
	for i, c := range []byte(text) {
		word |= uint64(c) << (8 * i)
	}
	return word
}

// Byte returns the byte at a position, which must exist.
func (w Window) Byte(at int) byte { return *(*byte)(unsafe.Add(w.first, at)) }

// AfterSpace returns the position after the white space at a position. It skips
// at most maxSpace bytes.
func (w Window) AfterSpace(at int) int {
	if w.Byte(at) > ' ' {
		return at
	}
	return w.afterSpace(at)
}

func (w Window) afterSpace(at int) int {
	for end := at + maxSpace; at < end && isSpace(w.Byte(at)); {
		at++
	}
	return at
}

// IsSpace reports whether text is only white space (RFC 8259).
func IsSpace(text []byte) bool {
	for _, c := range text {
		if !isSpace(c) {
			return false
		}
	}
	return true
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

const (
	word  = 8 // bytes
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// EndOfRun returns the position of the first byte with a special meaning in a
// string, from at on: a quote, a backslash or a control character. If Has
// becomes false before, EndOfRun returns that position. Has(at) must be true.
func (w Window) EndOfRun(at int) int {
	for {
		run := w.Word(at)
		quotes, escapes := run^'"'*ones, run^'\\'*ones
		// The lowest set bit is right. A borrow can set wrong bits, but only
		// above.
		special := ((quotes-ones)&^quotes | (escapes-ones)&^escapes | (run-' '*ones)&^run) & highs
		at += bits.TrailingZeros64(special) / 8
		if special != 0 || !w.Has(at) {
			return at
		}
	}
}

// EndOfDigits returns the position of the first byte other than a digit, from
// at on. If Has becomes false before, EndOfDigits returns that position.
// Has(at) must be true.
func (w Window) EndOfDigits(at int) int {
	for {
		n := bits.TrailingZeros64(nonDigits(w.Word(at))) / 8
		if at += n; n < word || !w.Has(at) {
			return at
		}
	}
}

// nonDigits returns a word with the high bit of each byte in run that is not a
// digit.
func nonDigits(run uint64) uint64 {
	run ^= '0' * ones
	return (run&^highs + 0x76*ones | run) & highs
}

// A Decimal is a number as written in JSON: Mantissa times ten to the power of
// Exponent.
type Decimal struct {
	Mantissa   uint64 // less than 1<<63
	Exponent   int
	IsNegative bool
}

// wholeTens holds powers of ten. maxMantissa[n] is the limit for a mantissa to
// which n digits are appended.
var (
	wholeTens   = [word + 1]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}
	maxMantissa = [word + 1]uint64{mantissaLimit, mantissaLimit / 10, mantissaLimit / 100, mantissaLimit / 1000, mantissaLimit / 10000, mantissaLimit / 100000, mantissaLimit / 1000000, mantissaLimit / 10000000, mantissaLimit / 100000000}
)

const mantissaLimit = 1 << 63

// Decimal reads the number at a position, and returns the position behind. Has
// must be true for the position. end is 0 for another value, and for numbers
// longer than models write.
func (w Window) Decimal(at int) (number Decimal, end int) {
	if w.Word(at)&0xffff != '0'|'.'<<8 {
		return w.anyDecimal(at)
	}
	from := at + 2
	mantissa, n := digits(w.Word(from))
	at = from + n
	if n == word {
		more, n := digits(w.Word(at))
		mantissa, at = mantissa*wholeTens[n]+more, at+n
		if n == word {
			more, n := digits(w.Word(at))
			if mantissa >= maxMantissa[n] || n == word {
				return number, 0
			}
			mantissa, at = mantissa*wholeTens[n]+more, at+n
		}
	}
	number.Mantissa, number.Exponent = mantissa, from-at
	if w.Byte(at)|' ' == 'e' || at == from {
		return w.anyDecimal(from - 2)
	}
	return number, at
}

// anyDecimal reads numbers of other forms than 0.98.
func (w Window) anyDecimal(at int) (number Decimal, end int) {
	if number.IsNegative = w.Byte(at) == '-'; number.IsNegative {
		at++
	}
	isZero := w.Byte(at) == '0'
	mantissa, n := digits(w.Word(at))
	if at += n; n == 0 || n == word || isZero && n > 1 {
		return number, 0
	}
	if w.Byte(at) == '.' {
		from := at + 1
		if mantissa, at = w.fraction(mantissa, from); at == from {
			return number, 0
		}
		number.Exponent = from - at
	}
	if number.Mantissa = mantissa; w.Byte(at)|' ' == 'e' {
		return w.exponent(number, at+1)
	}
	return number, at
}

// fraction appends the digits at a position to a mantissa, and returns the
// position behind. With no digits or too many, end is from.
func (w Window) fraction(mantissa uint64, from int) (longer uint64, end int) {
	for at := from; at <= from+2*word; {
		more, n := digits(w.Word(at))
		if mantissa >= maxMantissa[n] {
			break
		}
		mantissa, at = mantissa*wholeTens[n]+more, at+n
		if n < word {
			return mantissa, at
		}
	}
	return 0, from
}

// exponent reads the digits after an e.
func (w Window) exponent(number Decimal, at int) (Decimal, int) {
	sign := w.Byte(at)
	if sign == '-' || sign == '+' {
		at++
	}
	more, n := digits(w.Word(at))
	if n == 0 || n > 3 {
		return number, 0
	}
	if sign == '-' {
		more = -more
	}
	number.Exponent += int(more)
	return number, at + n
}

// digits returns the value and the number of the decimal digits at the
// beginning of w.
func digits(w uint64) (number uint64, n int) {
	n = bits.TrailingZeros64(nonDigits(w)) / 8
	w = (w ^ '0'*ones) << (8 * uint(word-n)) // move the digits up, as if zeros came before them
	w = w*10 + w>>8
	return (w&0x000000ff000000ff*(100+1000000<<32) + w>>16&0x000000ff000000ff*(1+10000<<32)) >> 32, n
}

// tens holds the powers of ten that float64 represents exactly; fives holds the
// powers of five up to the limit of uint64.
var (
	tens  = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}
	fives = powersOfFive()
)

func powersOfFive() (fives [28]uint64) {
	fives[0] = 1
	for i := 1; i < len(fives); i++ {
		fives[i] = 5 * fives[i-1]
	}
	return fives
}

// Tolerance is the relative error of a comparison between an Estimate and a
// number: within it, the two may be equal or in the other order.
const Tolerance = 1.0 / (1 << 50)

// Estimate returns the number with an error of at most two units in the last
// place. ok is false if Float is as fast.
func (d Decimal) Estimate() (value float64, ok bool) {
	if d.IsNegative || uint(-d.Exponent) >= uint(len(tens)) {
		return 0, false
	}
	return float64(int64(d.Mantissa)) / tens[-d.Exponent], true
}

// Float returns the float64 nearest to the number. text is the spelling of the
// number. ok is false outside the range of a float64.
func (d Decimal) Float(text []byte) (value float64, ok bool) {
	switch power := uint(-d.Exponent); {
	case d.Mantissa <= 1<<53 && power < uint(len(tens)):
		value = float64(int64(d.Mantissa)) / tens[power] // both operands are exact, so the result is rounded once
	case d.Mantissa != 0 && power < uint(len(fives)):
		value = quotient(d.Mantissa, int(power))
	default:
		return Parse(text)
	}
	if d.IsNegative {
		value = -value
	}
	return value, true
}

// quotient returns mantissa divided by a power of ten, rounded once. The
// remainder of the long division sets the last of 64 bits, which only matters
// for a tie.
func quotient(mantissa uint64, power int) float64 {
	divisor := fives[power]
	shift, unshift := bits.LeadingZeros64(mantissa), bits.LeadingZeros64(divisor)
	high, low := mantissa<<shift, uint64(0)
	divisor <<= unshift
	scale := 1023 - 64 - shift + unshift - power
	if high >= divisor {
		high, low, scale = high>>1, high<<63, scale+1
	}
	result, rest := bits.Div64(high, low, divisor)
	if rest != 0 {
		result |= 1
	}
	return float64(result) * math.Float64frombits(uint64(scale)<<52)
}
