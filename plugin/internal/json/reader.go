// Package json reads JSON (RFC 8259) in chunks of any size, in constant memory.
// It accepts the same documents as encoding/json.
package json

import (
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/moodring/moodring/contract"
)

const (
	maxDepth       = 10000 // as in encoding/json
	maxNumberBytes = 1024  // of a number with a captured value
	maxKeyBytes    = 128   // the rest of a longer key is dropped
)

// state is the position of the Reader in the grammar of JSON.
type state uint8

const (
	wantValue state = iota
	wantValueOrEnd
	wantKey
	wantKeyOrEnd
	wantColon
	wantCommaOrEnd
	inString
	inEscape
	inUnicode
	inLiteral
	afterMinus
	afterZero
	inInteger
	afterPoint
	inFraction
	afterExponent
	afterExponentSign
	inExponent
	complete // the top-level value has ended; white space may follow
	broken   // the document is not JSON, or exceeds a limit
)

// Kind is the type of a JSON value.
type Kind uint8

// Kinds.
const (
	Object Kind = iota
	Array
	String
	Number
	Bool
	Null
)

// Capture selects the use of a string or a number.
type Capture uint8

// Captures.
const (
	Ignore     Capture = iota // skip the value
	Text                      // store the string in Reader.Text
	Digits                    // keep the number for Float and Integer
	Chunks                    // pass the string to Reader.Sink in chunks
	captureKey                // store the name of a member
)

// A Sink receives a string in chunks. Escapes are decoded to UTF-8, as in
// encoding/json. Bytes that are not UTF-8 are passed on unchanged.
type Sink interface {
	// AddAll is called with a chunk, which is valid during the call only.
	AddAll(chunk []byte)
}

// A Visitor follows the structure of a document.
type Visitor interface {
	// Key is called with the name of a member, or with the first 128 bytes of a
	// longer name. The bytes are valid during the call only.
	Key(name []byte)

	// Begin is called before the bytes of a value, and returns the use of a
	// string or a number.
	Begin(value Kind) Capture

	// End is called after the last byte of a value.
	End(value Kind)

	// Skim may read values, as a shortcut. The chunk begins with an object, a
	// string or a number. Skim returns the number of bytes read: whole members
	// of a list and the commas between them, or 0. In nested lists, Skim may
	// also read the end of a list and the beginning of the next, and may stop
	// there. OpenContainer and CloseContainer report other containers that Skim
	// enters or leaves. The other methods are not called for these bytes.
	Skim(chunk []byte) (read int)
}

// A Reader is a push parser: it reads a document in chunks of any size. It
// keeps only the captured values, and does not allocate.
type Reader struct {
	_       [0]func() // no comparison, which would be a kilobyte of code
	visitor Visitor

	state   state
	capture Capture
	isKey   bool
	isPart  bool // other bytes follow the document
	depth   int
	objects [maxDepth/bits.UintSize + 1]uint // one bit for each level: set for an object

	literal   string // the rest of true, false or null
	value     Kind   // of the literal
	hex       rune   // of a \u escape
	hexDigits int
	surrogate rune // the first half of a surrogate pair, while the second half may follow
	encoded   [utf8.UTFMax]byte

	boolValue bool // of the last Bool

	Text      *contract.Text // destination for Text
	Sink      Sink           // destination for Chunks
	name      [maxKeyBytes]byte
	nameBytes int
	number    [maxNumberBytes]byte
	digits    int
}

// Reset prepares the reader for a document.
func (r *Reader) Reset(visit Visitor) {
	r.visitor = visit
	r.state, r.depth, r.surrogate, r.isPart = wantValue, 0, 0, false
}

// ResetPart prepares the reader for a document that other bytes follow.
func (r *Reader) ResetPart(visit Visitor) {
	r.Reset(visit)
	r.isPart = true
}

// Write reads the next chunk, and returns the number of bytes that belong to
// the document. After ResetPart, this is less than the chunk if the document
// ends in the chunk.
func (r *Reader) Write(chunk []byte) (read int) {
	for i := 0; i < len(chunk); {
		c := chunk[i]
		switch {
		case r.state == inString:
			i += r.readString(chunk[i:])
		case r.state >= afterMinus && r.state <= inExponent:
			i += r.readNumber(chunk[i:])
		case r.state <= wantValueOrEnd && (c == '{' || c == '"' || c == '-' || isDigit(c)):
			i += r.readSkimmed(chunk[i:])
		case r.state == broken:
			return len(chunk)
		case r.state == complete && r.isPart:
			return i
		default:
			r.step(c)
			i++
		}
	}
	return len(chunk)
}

// readSkimmed offers a value to Visitor.Skim, and begins the value after a
// result of 0. The return value is the number of bytes read.
func (r *Reader) readSkimmed(chunk []byte) int {
	n := r.visitor.Skim(chunk)
	switch {
	case n == 0:
		r.beginValue(chunk[0])
		return 1
	case chunk[n-1] == '[':
		r.state = wantValueOrEnd
	case r.depth == 0:
		r.state = complete
	default:
		r.state = wantCommaOrEnd
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// Finish ends the document. Only a number at the top level needs this call,
// because no byte ends it.
func (r *Reader) Finish() {
	if r.depth == 0 && r.numberMayEnd() {
		r.endValue(Number)
	}
}

// step reads one byte, in all states but those with runs of bytes.
func (r *Reader) step(c byte) {
	switch r.state {
	case inEscape:
		r.readEscape(c)
		return
	case inUnicode:
		r.readUnicode(c)
		return
	case inLiteral:
		r.readLiteral(c)
		return
	}
	if isSpace(c) {
		return
	}
	switch r.state {
	case wantValue:
		r.beginValue(c)
	case wantValueOrEnd:
		if c == ']' {
			r.endContainer(Array)
		} else {
			r.beginValue(c)
		}
	case wantKeyOrEnd:
		if c == '}' {
			r.endContainer(Object)
		} else {
			r.beginKey(c)
		}
	case wantKey:
		r.beginKey(c)
	case wantColon:
		r.expect(c == ':', wantValue)
	case wantCommaOrEnd:
		r.afterValue(c)
	default: // complete: only white space may follow
		r.state = broken
	}
}

func (r *Reader) expect(met bool, next state) {
	if met {
		r.state = next
	} else {
		r.state = broken
	}
}

func (r *Reader) afterValue(c byte) {
	inObject := r.inObject()
	switch {
	case c == ',' && inObject:
		r.state = wantKey
	case c == ',':
		r.state = wantValue
	case c == '}' && inObject:
		r.endContainer(Object)
	case c == ']' && !inObject:
		r.endContainer(Array)
	default:
		r.state = broken
	}
}

func (r *Reader) beginKey(c byte) {
	r.nameBytes, r.isKey, r.capture = 0, true, captureKey
	r.expect(c == '"', inString)
}

func (r *Reader) beginValue(c byte) {
	switch c {
	case '{':
		r.beginContainer(Object, wantKeyOrEnd)
	case '[':
		r.beginContainer(Array, wantValueOrEnd)
	case '"':
		r.isKey, r.capture = false, r.visitor.Begin(String)
		if r.capture == Text {
			r.Text.Reset()
		}
		r.state = inString
	case 't':
		r.beginLiteral(Bool, "rue")
	case 'f':
		r.beginLiteral(Bool, "alse")
	case 'n':
		r.beginLiteral(Null, "ull")
	default:
		r.beginNumber(c)
	}
}

func (r *Reader) beginContainer(value Kind, next state) {
	if r.depth == maxDepth {
		r.state = broken
		return
	}
	r.visitor.Begin(value)
	r.OpenContainer(value)
	r.state = next
}

// OpenContainer enters a container, for Visitor.Skim, which must not exceed
// maxDepth.
func (r *Reader) OpenContainer(value Kind) {
	word, bit := &r.objects[r.depth/bits.UintSize], uint(1)<<(r.depth%bits.UintSize)
	if value == Object {
		*word |= bit
	} else {
		*word &^= bit
	}
	r.depth++
}

// CloseContainer leaves a container, for Visitor.Skim.
func (r *Reader) CloseContainer() { r.depth-- }

func (r *Reader) inObject() bool {
	level := r.depth - 1
	return r.objects[level/bits.UintSize]>>(level%bits.UintSize)&1 == 1
}

func (r *Reader) endContainer(value Kind) {
	r.CloseContainer()
	r.endValue(value)
}

func (r *Reader) endValue(value Kind) {
	r.visitor.End(value)
	if r.depth == 0 {
		r.state = complete
	} else {
		r.state = wantCommaOrEnd
	}
}

func (r *Reader) beginLiteral(value Kind, rest string) {
	r.visitor.Begin(value)
	r.value, r.literal, r.state = value, rest, inLiteral
	r.boolValue = rest == "rue"
}

func (r *Reader) readLiteral(c byte) {
	if c != r.literal[0] {
		r.state = broken
		return
	}
	if r.literal = r.literal[1:]; r.literal == "" {
		r.endValue(r.value)
	}
}

// readString reads up to a quote, a backslash or the end of the chunk, and
// returns the number of bytes read.
func (r *Reader) readString(chunk []byte) int {
	n := 0
	if w := WindowOn(chunk); w.Has(n) {
		n = w.EndOfRun(n)
	}
	for n < len(chunk) && chunk[n] != '"' && chunk[n] != '\\' && chunk[n] >= ' ' {
		n++
	}
	if n > 0 {
		r.keepBytes(chunk[:n])
	}
	if n == len(chunk) {
		return n
	}
	switch chunk[n] {
	case '"':
		r.endString()
	case '\\':
		r.state = inEscape
	default: // a control character
		r.state = broken
	}
	return n + 1
}

func (r *Reader) endString() {
	r.keepLoneSurrogate()
	if !r.isKey {
		r.endValue(String)
		return
	}
	r.visitor.Key(r.name[:min(r.nameBytes, len(r.name))])
	r.state = wantColon
}

func (r *Reader) keepBytes(run []byte) {
	r.keepLoneSurrogate()
	switch r.capture {
	case Text:
		r.Text.AddAll(run)
	case Chunks:
		r.Sink.AddAll(run)
	case captureKey:
		if r.nameBytes < len(r.name) {
			copy(r.name[r.nameBytes:], run)
		}
		r.nameBytes += len(run)
	}
}

func (r *Reader) keepRune(c rune) {
	r.keepLoneSurrogate() // uses r.encoded too
	r.keepBytes(r.encoded[:utf8.EncodeRune(r.encoded[:], c)])
}

// keepLoneSurrogate adds the replacement character for the first half of a
// surrogate pair without a second half, as encoding/json does.
func (r *Reader) keepLoneSurrogate() {
	if r.surrogate != 0 {
		r.surrogate = 0
		r.keepRune(utf8.RuneError)
	}
}

func (r *Reader) readEscape(c byte) {
	r.state = inString
	switch c {
	case '"', '\\', '/':
		r.keepRune(rune(c))
	case 'b':
		r.keepRune('\b')
	case 'f':
		r.keepRune('\f')
	case 'n':
		r.keepRune('\n')
	case 'r':
		r.keepRune('\r')
	case 't':
		r.keepRune('\t')
	case 'u':
		r.state, r.hex, r.hexDigits = inUnicode, 0, 0
	default:
		r.state = broken
	}
}

func (r *Reader) readUnicode(c byte) {
	digit, ok := hexDigit(c)
	if !ok {
		r.state = broken
		return
	}
	r.hex = r.hex<<4 | digit
	if r.hexDigits++; r.hexDigits == 4 {
		r.state = inString
		r.endUnicode()
	}
}

func (r *Reader) endUnicode() {
	first, second := r.surrogate, r.hex
	if first != 0 {
		if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
			r.surrogate = 0
			r.keepRune(pair)
			return
		}
		r.keepLoneSurrogate()
	}
	if isFirstHalf := 0xd800 <= second && second < 0xdc00; isFirstHalf {
		r.surrogate = second
		return
	}
	r.keepRune(second) // a lone second half becomes the replacement character
}

func hexDigit(c byte) (rune, bool) {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0'), true
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10, true
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10, true
	}
	return 0, false
}

func (r *Reader) beginNumber(c byte) {
	switch {
	case c == '-':
		r.state = afterMinus
	case c == '0':
		r.state = afterZero
	case '1' <= c && c <= '9':
		r.state = inInteger
	default:
		r.state = broken
		return
	}
	r.capture = r.visitor.Begin(Number)
	r.number[0], r.digits = c, 1
}

// keepDigits stores part of a captured number.
func (r *Reader) keepDigits(run []byte) {
	if r.capture != Digits {
		return
	}
	if r.digits+len(run) > len(r.number) {
		r.state = broken
		return
	}
	r.digits += copy(r.number[r.digits:], run)
}

// readNumber reads the bytes of a number up to its end or the end of the chunk,
// and returns the number of bytes read. The byte after a number is not read.
func (r *Reader) readNumber(chunk []byte) int {
	w, n := WindowOn(chunk), 0
	for ; n < len(chunk); n++ {
		if (r.state == inInteger || r.state == inFraction) && w.Has(n) {
			n = w.EndOfDigits(n)
		}
		next, ok := numberStep(r.state, chunk[n])
		if !ok {
			break
		}
		r.state = next
	}
	if r.keepDigits(chunk[:n]); n == len(chunk) || r.state == broken {
		return n
	}
	if r.numberMayEnd() {
		r.endValue(Number)
	} else {
		r.state = broken
	}
	return n
}

func numberStep(at state, c byte) (next state, ok bool) {
	isDigit := isDigit(c)
	switch at {
	case afterMinus:
		if c == '0' {
			return afterZero, true
		}
		return inInteger, isDigit
	case afterZero, inInteger:
		if c == '.' {
			return afterPoint, true
		}
		if c == 'e' || c == 'E' {
			return afterExponent, true
		}
		return inInteger, isDigit && at == inInteger
	case afterPoint:
		return inFraction, isDigit
	case inFraction:
		if c == 'e' || c == 'E' {
			return afterExponent, true
		}
		return inFraction, isDigit
	case afterExponent:
		if c == '+' || c == '-' {
			return afterExponentSign, true
		}
		return inExponent, isDigit
	default: // afterExponentSign, inExponent
		return inExponent, isDigit
	}
}

// IsBroken reports whether the document is not JSON, or exceeds a limit.
func (r *Reader) IsBroken() bool { return r.state == broken }

// IsEmpty reports whether the document has not begun.
func (r *Reader) IsEmpty() bool { return r.state == wantValue && r.depth == 0 }

// IsComplete reports whether the top-level value has ended.
func (r *Reader) IsComplete() bool { return r.state == complete }

func (r *Reader) numberMayEnd() bool {
	switch r.state {
	case afterZero, inInteger, inFraction, inExponent:
		return true
	}
	return false
}

// Float returns the captured number. ok is false outside the range of a
// float64.
func (r *Reader) Float() (float64, bool) {
	text := r.number[:r.digits]
	if r.digits <= len(r.number)-Margin {
		r.number[r.digits] = 0 // ends the number for Decimal
		if number, end := WindowOn(r.number[:]).Decimal(0); end == r.digits {
			return number.Float(text)
		}
	}
	return Parse(text)
}

// Integer returns the captured number. ok is false with a fraction or an
// exponent, or beyond 64 bits.
func (r *Reader) Integer() (magnitude uint64, isNegative, ok bool) {
	digits := r.number[:r.digits]
	if isNegative = digits[0] == '-'; isNegative {
		digits = digits[1:]
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false, false
		}
		overflow, tens := bits.Mul64(magnitude, 10)
		sum, carry := bits.Add64(tens, uint64(c-'0'), 0)
		if overflow|carry != 0 {
			return 0, false, false
		}
		magnitude = sum
	}
	return magnitude, isNegative, true
}

// IsDecimal reports whether the captured number has a point or an exponent.
func (r *Reader) IsDecimal() bool { return IsDecimal(r.number[:r.digits]) }

// IsDecimal reports whether a number is written with a point or an exponent.
func IsDecimal(number []byte) bool {
	for _, c := range number {
		if c == '.' || c|' ' == 'e' {
			return true
		}
	}
	return false
}

// Bool returns the value of the last Bool.
func (r *Reader) Bool() bool { return r.boolValue }
