package json

import (
	"math"
	"math/bits"
	"strconv"
	"unsafe"
)

// Margin is how far past a place that it has checked a reader of a Window may
// look: further than a score and what stands around it is long, which is three
// times maxSpace, and 54 bytes that Pair and Decimal can come to.
const Margin = 128

// maxSpace is the longest white space that AfterSpace passes.
const maxSpace = 24

// Window shows a chunk eight bytes at a time and without checks, so that what
// models mostly answer can be recognised in few steps. In Go's WebAssembly every
// check and every call shows.
type Window struct {
	first unsafe.Pointer
	size  int
}

// WindowOn returns a window on a chunk.
func WindowOn(chunk []byte) Window {
	return Window{unsafe.Pointer(unsafe.SliceData(chunk)), len(chunk)}
}

// Has tells whether the bytes at and up to Margin past it are there.
func (w Window) Has(at int) bool { return at <= w.size-Margin }

// Word returns eight bytes, the first of them lowest, as on all machines that
// Envoy runs on; they must be there.
func (w Window) Word(at int) uint64 { return *(*uint64)(unsafe.Add(w.first, at)) }

// WordOf returns the word that eight bytes make, or fewer with zeros behind them.
func WordOf(text string) (word uint64) {
	for i, c := range []byte(text) {
		word |= uint64(c) << (8 * i)
	}
	return word
}

// Byte returns one byte; it must be there.
func (w Window) Byte(at int) byte { return *(*byte)(unsafe.Add(w.first, at)) }

// AfterSpace returns the place behind what white space stands at a place; if it
// is unusually long, behind some of it.
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

// IsSpace tells whether text is nothing but white space (RFC 8259).
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

// EndOfRun returns the place of the first byte from at on that cannot stand for
// itself in a string: a quote, a backslash or a control character; or one that
// Has is not true for. Has(at) must be true.
func (w Window) EndOfRun(at int) int {
	for {
		run := w.Word(at)
		quotes, escapes := run^'"'*ones, run^'\\'*ones
		// The lowest bit is right; a borrow can set wrong ones above it only.
		special := ((quotes-ones)&^quotes | (escapes-ones)&^escapes | (run-' '*ones)&^run) & highs
		at += bits.TrailingZeros64(special) / 8
		if special != 0 || !w.Has(at) {
			return at
		}
	}
}

// EndOfDigits returns the place of the first byte from at on that is no digit, or
// that Has is not true for. Has(at) must be true.
func (w Window) EndOfDigits(at int) int {
	for {
		n := bits.TrailingZeros64(nonDigits(w.Word(at))) / 8
		if at += n; n < word || !w.Has(at) {
			return at
		}
	}
}

// others returns a word with the high bit set of each byte of run that is no
// digit, and no other bit.
func nonDigits(run uint64) uint64 {
	run ^= '0' * ones
	return (run&^highs + 0x76*ones | run) & highs
}

// Decimal is a number as JSON writes it: Mantissa times ten to the Exponent.
type Decimal struct {
	Mantissa   uint64 // less than 1<<63
	Exponent   int
	IsNegative bool
}

// wholeTens are powers of ten; room is the bound under which a mantissa can
// grow by so many digits.
var (
	wholeTens   = [word + 1]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}
	maxMantissa = [word + 1]uint64{mantissaLimit, mantissaLimit / 10, mantissaLimit / 100, mantissaLimit / 1000, mantissaLimit / 10000, mantissaLimit / 100000, mantissaLimit / 1000000, mantissaLimit / 10000000, mantissaLimit / 100000000}
)

const mantissaLimit = 1 << 63

// Decimal reads the number at a place that Has is true for, and returns the
// place behind it; 0 where there is none, or a longer one than models give.
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

// anyDecimal is for other numbers than such as 0.98.
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

// fraction appends the digits from a place on to a mantissa, and returns the
// place behind them; if there are none or too many, the place itself.
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

// exponent reads the digits behind an e.
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

// digits returns the number that the decimal digits at the beginning of w make,
// and how many they are.
func digits(w uint64) (number uint64, n int) {
	n = bits.TrailingZeros64(nonDigits(w)) / 8
	w = (w ^ '0'*ones) << (8 * uint(word-n)) // as if zeros stood before them
	w = w*10 + w>>8
	return (w&0x000000ff000000ff*(100+1000000<<32) + w>>16&0x000000ff000000ff*(1+10000<<32)) >> 32, n
}

// tens are powers of ten that a float64 holds exactly, fives powers of five
// that a uint64 does.
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

// Tolerance is how far an Estimate and a number can be apart, as a part of the
// number, and may still be equal or in the other order.
const Tolerance = 1.0 / (1 << 50)

// Estimate returns the number to within two units of its last place, or false
// where Float is as fast.
func (d Decimal) Estimate() (value float64, ok bool) {
	if d.IsNegative || uint(-d.Exponent) >= uint(len(tens)) {
		return 0, false
	}
	return float64(int64(d.Mantissa)) / tens[-d.Exponent], true
}

// Float returns the float64 nearest to the number, of which text is the
// spelling; it is false for one past the range of a float64.
func (d Decimal) Float(text []byte) (value float64, ok bool) {
	switch power := uint(-d.Exponent); {
	case d.Mantissa <= 1<<53 && power < uint(len(tens)):
		value = float64(int64(d.Mantissa)) / tens[power] // of two exact numbers, rounded once
	case d.Mantissa != 0 && power < uint(len(fives)):
		value = quotient(d.Mantissa, int(power))
	default:
		return parse(text)
	}
	if d.IsNegative {
		value = -value
	}
	return value, true
}

// quotient returns mantissa divided by a power of ten, rounded once: what the
// long division leaves over is noted in the last of 64 bits, where it decides
// a tie and nothing else.
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

func parse(text []byte) (float64, bool) {
	// ParseFloat keeps no part of its argument but in its error.
	value, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64)
	return value, err == nil
}
