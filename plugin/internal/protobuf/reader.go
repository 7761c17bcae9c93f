// Package protobuf reads protocol buffers in chunks of any size, in constant
// memory. It has no schema: the Visitor decides how to read each field.
//
// Source: https://protobuf.dev/programming-guides/encoding.
package protobuf

const (
	maxLevels = 8         // nested messages that the Visitor reads
	maxGroups = 16        // nested groups, which are skipped
	maxNumber = 1<<31 - 1 // of a field; the language allows less, but protobuf accepts these in groups
)

// Wire is the wire type of a field.
type Wire uint8

// Wire types.
const (
	Varint Wire = iota
	Fixed64
	Length // bytes, strings, messages and packed values
	beginGroup
	endGroup
	Fixed32
)

// Action selects how to read a field's value.
type Action uint8

// Value is for numbers, Skip for every wire type, the others for Length only.
const (
	Skip          Action = iota
	Value                // calls Number
	Message              // visits the fields of the message
	Bytes                // calls Bytes for each chunk
	PackedVarint         // calls Number for each element
	PackedFixed32        // calls Number for each element
	PackedFixed64        // calls Number for each element
)

// A Visitor follows the fields of a message.
type Visitor interface {
	// Field is called before a field's value, and selects how to read the
	// value.
	Field(number uint32, wire Wire) Action

	// Number is called with a varint, or with the bits of a fixed value.
	Number(bits uint64)

	// Bytes is called with a chunk of a value, which is valid during the call
	// only.
	Bytes(chunk []byte)

	// End is called after the last byte of a value read with Message or Bytes.
	End()
}

type state uint8

const (
	inTag state = iota
	inNumber
	inLength
	inPacked
	inBytes
	broken
)

// A level is a value of wire type Length that is being read, or the whole
// message.
type level struct {
	action Action
	end    uint64 // position of the value's end in the message
}

// A Reader is a push parser: it reads a message in chunks of any size, and
// keeps only an incomplete number.
type Reader struct {
	_       [0]func() // no comparison, which would be code
	visitor Visitor

	state  state
	action Action // of the current field
	bits   uint64 // of the current number, so far
	shift  uint   // number of these bits
	width  uint   // of the number in bits; 0 for a varint

	at     uint64 // bytes read
	levels [maxLevels]level
	depth  int // index of the innermost level

	groups     [maxGroups]uint32 // field numbers of the open groups
	openGroups int
}

// Reset prepares the reader for a message of this length in bytes.
func (r *Reader) Reset(length uint64, visit Visitor) {
	r.visitor = visit
	r.at, r.depth, r.openGroups = 0, 0, 0
	r.levels[0] = level{Message, length}
	r.expect(inTag, Varint)
}

// IsBroken reports whether the bytes are not a message, or exceed a limit.
func (r *Reader) IsBroken() bool { return r.state == broken }

// Left returns the number of bytes until the end of the message.
func (r *Reader) Left() uint64 { return r.levels[0].end - r.at }

// Write reads the next chunk up to the end of the message, and returns the
// number of bytes read. It stops at an error.
func (r *Reader) Write(chunk []byte) int {
	read := 0
	for read < len(chunk) && r.Left() > 0 && r.state != broken {
		run := chunk[read:]
		if left := r.levels[r.depth].end - r.at; uint64(len(run)) > left {
			run = run[:left]
		}
		read += r.read(run)
		r.endLevels()
	}
	return read
}

// read reads from a run of bytes that lies within the level, and returns the
// number of bytes read.
func (r *Reader) read(run []byte) int {
	var n int
	switch r.state {
	case inBytes:
		if n = len(run); r.levels[r.depth].action == Bytes {
			r.visitor.Bytes(run)
		}
	case inPacked:
		n = r.readPacked(run)
	default:
		var ok bool
		if n, ok = r.number(run); ok {
			r.at += uint64(n)
			r.endNumber()
			return n
		}
	}
	r.at += uint64(n)
	return n
}

func (r *Reader) expect(next state, wire Wire) {
	r.state, r.bits, r.shift = next, 0, 0
	switch wire {
	case Fixed32:
		r.width = 32
	case Fixed64:
		r.width = 64
	default:
		r.width = 0
	}
}

// number reads bytes of a number. ok is true at the end of the number.
func (r *Reader) number(run []byte) (read int, ok bool) {
	if r.width != 0 {
		return r.fixed(run)
	}
	return r.varint(run)
}

func (r *Reader) varint(run []byte) (read int, ok bool) {
	if run[0] < 0x80 && r.shift == 0 {
		r.bits = uint64(run[0])
		return 1, true
	}
	for i, c := range run {
		if r.shift == 63 && c > 1 {
			r.state = broken // more than 64 bits
			return i, false
		}
		r.bits |= uint64(c&0x7f) << r.shift
		r.shift += 7
		if c < 0x80 {
			return i + 1, true
		}
	}
	return len(run), false
}

func (r *Reader) fixed(run []byte) (read int, ok bool) {
	if r.width == 32 && r.shift == 0 && len(run) >= 4 {
		r.bits = uint64(run[0]) | uint64(run[1])<<8 | uint64(run[2])<<16 | uint64(run[3])<<24
		return 4, true
	}
	for i, c := range run {
		r.bits |= uint64(c) << r.shift
		if r.shift += 8; r.shift == r.width {
			return i + 1, true
		}
	}
	return len(run), false
}

func (r *Reader) endNumber() {
	switch r.state {
	case inTag:
		r.endTag()
	case inLength:
		r.beginLevel(r.bits)
	default:
		if r.action != Skip {
			r.visitor.Number(r.bits)
		}
		r.expect(inTag, Varint)
	}
}

// readPacked reads packed numbers.
func (r *Reader) readPacked(run []byte) int {
	for at := 0; at < len(run); {
		n, ok := r.number(run[at:])
		if r.state == broken {
			return at
		}
		if at += n; ok {
			r.visitor.Number(r.bits)
			r.bits, r.shift = 0, 0
		}
	}
	return len(run)
}

func (r *Reader) endTag() {
	number, wire := r.bits>>3, Wire(r.bits&7)
	switch {
	case number < 1 || number > maxNumber || wire > Fixed32:
		r.state = broken
	case wire == beginGroup || wire == endGroup:
		r.group(uint32(number), wire)
	default:
		r.action = Skip
		if r.openGroups == 0 {
			r.action = r.visitor.Field(uint32(number), wire)
		}
		if wire == Length {
			r.expect(inLength, Varint)
		} else {
			r.expect(inNumber, wire)
		}
	}
}

// group begins or ends a group. proto3 has no groups, so their content is
// skipped.
func (r *Reader) group(number uint32, wire Wire) {
	switch {
	case wire == beginGroup && r.openGroups < maxGroups:
		r.groups[r.openGroups] = number
		r.openGroups++
	case wire == endGroup && r.openGroups > 0 && r.groups[r.openGroups-1] == number:
		r.openGroups--
	default:
		r.state = broken
		return
	}
	r.expect(inTag, Varint)
}

// beginLevel begins a value of wire type Length.
func (r *Reader) beginLevel(length uint64) {
	if length > r.levels[r.depth].end-r.at || r.depth == maxLevels-1 {
		r.state = broken
		return
	}
	r.depth++
	r.levels[r.depth] = level{r.action, r.at + length}
	switch r.action {
	case Message:
		r.expect(inTag, Varint)
	case PackedVarint:
		r.expect(inPacked, Varint)
	case PackedFixed32:
		r.expect(inPacked, Fixed32)
	case PackedFixed64:
		r.expect(inPacked, Fixed64)
	default:
		r.state = inBytes
	}
}

// endLevels ends the levels, including the message, whose last byte was read.
func (r *Reader) endLevels() {
	for r.state != broken && r.at == r.levels[r.depth].end {
		if !r.mayEnd() {
			r.state = broken
			return
		}
		if r.depth == 0 {
			return
		}
		action := r.levels[r.depth].action
		r.depth--
		r.expect(inTag, Varint)
		if action == Message || action == Bytes {
			r.visitor.End()
		}
	}
}

// mayEnd reports whether the innermost level is between two fields.
func (r *Reader) mayEnd() bool {
	switch r.state {
	case inTag:
		return r.shift == 0 && r.openGroups == 0
	case inPacked:
		return r.shift == 0
	}
	return r.state == inBytes
}
