// Package json reads JSON (RFC 8259) that comes in chunks, cut anywhere, in
// constant memory. What encoding/json takes it takes, and nothing else.
package json

import (
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/moodring/moodring/contract"
)

const (
	maxDepth       = 10000 // as encoding/json has it
	maxNumberBytes = 1024  // of a number whose value is asked for
	maxKeyBytes    = 128   // longer ones are keys we do not know
)

// state is where in the JSON grammar (RFC 8259) the Reader stands.
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
	broken   // this is not JSON, or beyond our limits
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

// Capture says what becomes of a string's or a number's bytes.
type Capture uint8

// Captures.
const (
	Ignore     Capture = iota
	Text               // the Reader's Text gets the string
	Digits             // Float and Integer return the number
	Chunks             // the Reader's Sink gets the string, chunk by chunk
	captureKey         // a member's name
)

// Sink takes a string as it comes: in UTF-8 as encoding/json has it, but for
// bytes that are not UTF-8, which it gets as they are.
type Sink interface {
	// AddAll is called with a chunk, which is valid during the call only.
	AddAll(chunk []byte)
}

// Visitor follows a document's structure.
type Visitor interface {
	// Key is called with a member's name, which is valid during the call only;
	// of one longer than 128 bytes, with its beginning.
	Key(name []byte)

	// Begin is called before a value's bytes are read, and returns what to keep
	// of a string's or a number's.
	Begin(value Kind) Capture

	// End is called after a value's last byte.
	End(value Kind)

	// Skim is offered a chunk from where an object, a string or a number
	// begins, and returns how many bytes it took of it, or 0: whole members of a
	// list with the commas between them. Where the list is itself in one, it may
	// take the list's end too, and the beginning of the next list, which may be the
	// last that it takes. Other containers that it enters and leaves it tells by
	// Open and Shut. The other methods are not called for what it takes.
	Skim(chunk []byte) (taken int)
}

// Reader is a push parser: it takes a document in chunks, cut anywhere, holds
// none of it but what the Visitor asks to keep, and allocates nothing.
type Reader struct {
	visitor Visitor

	state   state
	capture Capture
	isKey   bool
	isPart  bool // other bytes follow the document
	depth   int
	objects [maxDepth/bits.UintSize + 1]uint // a bit a level: whether it is an object

	literal   string // what is still to come of true, false or null
	value     Kind   // the literal's
	hex       rune   // of a \u escape
	hexDigits int
	surrogate rune // the first half of a pair, when the second may follow
	encoded   [utf8.UTFMax]byte

	boolValue bool // what the Bool just read is

	Text      *contract.Text // where Text puts a string
	Sink      Sink           // where Pieces puts a string
	name      [maxKeyBytes]byte
	nameBytes int
	number    [maxNumberBytes]byte
	digits    int
}

// Reset makes the reader ready for a document that visit follows.
func (r *Reader) Reset(visit Visitor) {
	r.visitor = visit
	r.state, r.depth, r.surrogate, r.isPart = wantValue, 0, 0, false
}

// ResetPart makes it ready for one that something else follows.
func (r *Reader) ResetPart(visit Visitor) {
	r.Reset(visit)
	r.isPart = true
}

// Write takes the next chunk of the document, and returns how much of it is: all,
// but of a part what comes before the document's end.
func (r *Reader) Write(chunk []byte) (taken int) {
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

// readSkimmed offers the Visitor a value, and begins it where that does not take
// it. It returns how many bytes were taken.
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

// Finish tells the reader that no more comes: a number at the top level has no
// other end.
func (r *Reader) Finish() {
	if r.depth == 0 && r.numberMayEnd() {
		r.endValue(Number)
	}
}

// step takes one byte in any state but those that read runs of bytes.
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
	default: // complete: nothing may follow
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

// Open enters a container: for a Visitor that skims, not deeper than a few.
func (r *Reader) OpenContainer(value Kind) {
	word, bit := &r.objects[r.depth/bits.UintSize], uint(1)<<(r.depth%bits.UintSize)
	if value == Object {
		*word |= bit
	} else {
		*word &^= bit
	}
	r.depth++
}

// Shut leaves a container, likewise.
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

// readString takes the run of bytes up to a quote, a backslash or the chunk's
// end, and returns how many it took.
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
	r.keepLoneSurrogate() // which is encoded in the same place
	r.keepBytes(r.encoded[:utf8.EncodeRune(r.encoded[:], c)])
}

// keepLoneSurrogate puts the replacement character where the first half of a
// surrogate pair was not followed by the second, as encoding/json does.
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

// keepDigits keeps a part of a number whose value is asked for.
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

// readNumber takes the number's bytes up to its end or the chunk's, and returns
// how many it took. The byte that ends a number is not the number's.
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

// IsBroken tells whether what came is not JSON, or beyond our limits.
func (r *Reader) IsBroken() bool { return r.state == broken }

// IsComplete tells whether the document's one value has ended.
func (r *Reader) IsComplete() bool { return r.state == complete }

func (r *Reader) numberMayEnd() bool {
	switch r.state {
	case afterZero, inInteger, inFraction, inExponent:
		return true
	}
	return false
}

// Float returns the number just read, if the Visitor captured it. It is false
// for one that is past the range of a float64.
func (r *Reader) Float() (float64, bool) {
	text := r.number[:r.digits]
	if r.digits <= len(r.number)-Margin {
		r.number[r.digits] = 0 // ends it
		if number, end := WindowOn(r.number[:]).Decimal(0); end == r.digits {
			return number.Float(text)
		}
	}
	return parse(text)
}

// Integer returns the number just read, if the Visitor captured it. It is false
// for one that has a fraction or an exponent, or is past 64 bits.
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

// Bool returns the Bool just read.
func (r *Reader) Bool() bool { return r.boolValue }
