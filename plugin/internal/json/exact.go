package json

import (
	"math"
	"math/bits"
)

// Parse returns the float64 nearest to a number in JSON's form. ok is false beyond
// the range of a float64, and for a text without digits.
//
// Only numbers that Decimal cannot hold come here: with more than 19 digits, or with
// large exponents. Their digits are one long integer, which is multiplied or divided
// by the power of ten. strconv.ParseFloat would do the same, but its errors quote the
// text, and bring the tables of Unicode: a fiftieth of the filter.
func Parse(text []byte) (value float64, ok bool) {
	var n long
	exponent, digits, hasDigits := n.read(text)
	if n.used == 0 {
		return signed(0, text), hasDigits
	}
	switch order := digits + exponent; {
	case order > maxOrder:
		return 0, false
	case order < -maxOrder-20:
		return signed(0, text), true
	}
	shift := 0
	for ; exponent > 0; exponent-- {
		n.multiply(10, 0)
	}
	if exponent < 0 {
		shift = 64 - 4*exponent
		n.shiftLeft(shift)
	}
	for ; exponent < 0; exponent++ {
		n.divide(10)
	}
	value = n.round(-shift)
	return signed(value, text), !math.IsInf(value, 0)
}

// maxOrder is above the number of digits before the point of any float64.
const maxOrder = 310

func signed(value float64, text []byte) float64 {
	if text[0] == '-' {
		return -value
	}
	return value
}

// long is an integer of any size that a number of maxNumberBytes needs.
type long struct {
	words     [320]uint32 // the lowest first
	used      int
	isInexact bool // a division had a remainder
}

// read reads a number without its exponent, and returns the power of ten to multiply
// with and the number of digits, without leading zeros.
func (n *long) read(text []byte) (exponent, digits int, hasDigits bool) {
	isFraction := false
	for i, c := range text {
		switch {
		case isDigit(c):
			hasDigits = true
			if n.multiply(10, uint32(c-'0')); n.used > 0 {
				digits++
			}
			if isFraction {
				exponent--
			}
		case c == '.':
			isFraction = true
		case c|' ' == 'e':
			return exponent + readExponent(text[i+1:]), digits, hasDigits
		}
	}
	return exponent, digits, hasDigits
}

// readExponent reads an exponent. A longer one than any float64 has is cut.
func readExponent(text []byte) (exponent int) {
	for _, c := range text {
		if isDigit(c) && exponent < 1e5 {
			exponent = 10*exponent + int(c-'0')
		}
	}
	if text[0] == '-' {
		return -exponent
	}
	return exponent
}

func (n *long) multiply(by, add uint32) {
	carry := uint64(add)
	for i := range n.words[:n.used] {
		carry += uint64(n.words[i]) * uint64(by)
		n.words[i] = uint32(carry)
		carry >>= 32
	}
	if carry > 0 {
		n.words[n.used] = uint32(carry)
		n.used++
	}
}

func (n *long) divide(by uint32) {
	rest := uint64(0)
	for i := n.used - 1; i >= 0; i-- {
		rest = rest<<32 | uint64(n.words[i])
		n.words[i] = uint32(rest / uint64(by))
		rest %= uint64(by)
	}
	n.isInexact = n.isInexact || rest > 0
	for n.used > 0 && n.words[n.used-1] == 0 {
		n.used--
	}
}

func (n *long) shiftLeft(by int) {
	whole := by / 32
	copy(n.words[whole:], n.words[:n.used])
	clear(n.words[:whole])
	n.used += whole
	n.multiply(1<<(by%32), 0)
}

// round returns n times two to the power of exponent, rounded once, to even.
func (n *long) round(exponent int) float64 {
	top, exponent := n.top(exponent)
	drop := 64 - 53
	if order := exponent + 63; order < -1022 {
		drop += -1022 - order // a subnormal number has fewer bits
	}
	if drop > 64 {
		return 0
	}
	result, rest := top>>drop, top<<(64-drop)
	if isUp := rest > 1<<63 || rest == 1<<63 && (n.isInexact || result&1 == 1); isUp {
		result++
	}
	return math.Ldexp(float64(result), exponent+drop)
}

// top returns the first 64 bits, and their exponent. Lower bits make n inexact.
func (n *long) top(exponent int) (top uint64, exponentOf int) {
	for i := n.used - 1; i >= max(0, n.used-2); i-- {
		top = top<<32 | uint64(n.words[i])
	}
	below := max(0, n.used-2)
	exponent += 32 * below
	shift := bits.LeadingZeros64(top)
	top <<= shift
	if below > 0 && shift > 0 {
		below--
		top |= uint64(n.words[below]) >> (32 - shift)
		n.isInexact = n.isInexact || n.words[below]<<shift != 0
	}
	for _, word := range n.words[:below] {
		n.isInexact = n.isInexact || word != 0
	}
	return top, exponent - shift
}

// ParseIndex returns a number of digits alone. ok is false for another text, and
// beyond 63 bits.
func ParseIndex(text []byte) (index int, ok bool) {
	for _, c := range text {
		if !isDigit(c) || index > (math.MaxInt64-9)/10 {
			return 0, false
		}
		index = 10*index + int(c-'0')
	}
	return index, len(text) > 0
}
