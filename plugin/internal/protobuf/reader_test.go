package protobuf

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// A transcript records the content of a message. The number of a field selects
// its Action: 1 is a Value, 2 Bytes, 3 a Message, 4 to 6 are packed, others are
// skipped.
type transcript struct {
	lines []string
	text  []byte
	in    []Action
}

func actionOf(number uint32, wire Wire) Action {
	switch {
	case number == 1 && wire != Length:
		return Value
	case wire == Length && number < 8:
		return []Action{Skip, Skip, Bytes, Message, PackedVarint, PackedFixed32, PackedFixed64, Value}[number]
	}
	return Skip
}

func (t *transcript) add(format string, values ...any) {
	t.lines = append(t.lines, fmt.Sprintf(format, values...))
}

func (t *transcript) Field(number uint32, wire Wire) Action {
	t.add("field %d %d", number, wire)
	action := actionOf(number, wire)
	if action == Bytes || action == Message {
		t.in, t.text = append(t.in, action), nil
	}
	return action
}

func (t *transcript) Number(bits uint64) { t.add("number %d", bits) }
func (t *transcript) Bytes(chunk []byte) { t.text = append(t.text, chunk...) }

func (t *transcript) End() {
	last := len(t.in) - 1
	if t.in[last] == Bytes {
		t.add("bytes %q", t.text)
	}
	t.add("end")
	t.in = t.in[:last]
}

// read returns the transcript of a message, and whether the message is valid.
func read(length int, chunks ...[]byte) (lines []string, isValid bool) {
	var (
		reader Reader
		found  transcript
	)
	reader.Reset(uint64(length), &found)
	for _, chunk := range chunks {
		if n := reader.Write(chunk); n < len(chunk) && !reader.IsBroken() {
			found.add("%d bytes of %d were taken", n, len(chunk))
		}
	}
	return found.lines, !reader.IsBroken() && reader.Left() == 0
}

// readByProtowire reads a message with protowire.
func (t *transcript) readByProtowire(message []byte, depth int) bool {
	for len(message) > 0 {
		number, wire, n := protowire.ConsumeTag(message)
		if n < 0 {
			return false
		}
		value := message[n:]
		if wire == protowire.StartGroupType {
			if n = protowire.ConsumeFieldValue(number, wire, value); n < 0 {
				return false
			}
			message = value[n:]
			continue
		}
		if wire == protowire.EndGroupType {
			return false
		}
		t.add("field %d %d", number, wire)
		if n = protowire.ConsumeFieldValue(number, wire, value); n < 0 || !t.value(uint32(number), Wire(wire), value[:n], depth) {
			return false
		}
		message = value[n:]
	}
	return true
}

func (t *transcript) value(number uint32, wire Wire, value []byte, depth int) bool {
	if wire == Length {
		if depth == maxLevels-1 {
			return false
		}
		value, _ = protowire.ConsumeBytes(value)
	}
	switch actionOf(number, wire) {
	case Value:
		return wire == Length || t.numbers(value, wire)
	case Bytes:
		t.add("bytes %q", value)
		t.add("end")
	case Message:
		isValid := t.readByProtowire(value, depth+1)
		t.add("end")
		return isValid
	case PackedVarint:
		return t.numbers(value, Varint)
	case PackedFixed32:
		return t.numbers(value, Fixed32)
	case PackedFixed64:
		return t.numbers(value, Fixed64)
	}
	return true
}

func (t *transcript) numbers(packed []byte, wire Wire) bool {
	for len(packed) > 0 {
		var (
			bits uint64
			n    int
		)
		switch wire {
		case Varint:
			bits, n = protowire.ConsumeVarint(packed)
		case Fixed32:
			var short uint32
			short, n = protowire.ConsumeFixed32(packed)
			bits = uint64(short)
		default:
			bits, n = protowire.ConsumeFixed64(packed)
		}
		if n < 0 {
			return false
		}
		t.add("number %d", bits)
		packed = packed[n:]
	}
	return true
}

// check compares the reader with protowire, for a message whole and cut in two.
// For invalid messages, the transcript before the error is not compared.
func check(t *testing.T, message []byte, at int) (isValid bool) {
	t.Helper()
	lines, isValid := read(len(message), message)
	if cut, cutValid := read(len(message), message[:at], message[at:]); cutValid != isValid || !cmp.Equal(cut, lines) {
		t.Fatalf("%q cut at %d: %v %q, want %v %q", message, at, cutValid, cut, isValid, lines)
	}
	var want transcript
	switch wantValid := want.readByProtowire(message, 0); {
	case isValid != wantValid:
		t.Fatalf("%q: valid: %v, by protowire %v", message, isValid, wantValid)
	case isValid && !cmp.Equal(lines, want.lines):
		t.Fatalf("%q: (-protowire +got):\n%s", message, cmp.Diff(want.lines, lines))
	}
	return isValid
}

func TestReader(t *testing.T) {
	text := protowire.AppendString([]byte{0x12}, "joy")
	nested := func(depth int) []byte {
		message := []byte{}
		for range depth {
			message = protowire.AppendBytes([]byte{0x1a}, message)
		}
		return message
	}
	tests := []struct {
		name    string
		message []byte
		isValid bool
		lines   []string
	}{
		{"nothing", nil, true, nil},
		{"a varint", []byte{0x08, 0x96, 0x01}, true, []string{"field 1 0", "number 150"}},
		{"the longest varint", []byte{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, true, []string{"field 1 0", "number 18446744073709551615"}},
		{"a varint with zeros", []byte{0x08, 0x81, 0x80, 0x00}, true, []string{"field 1 0", "number 1"}},
		{"fixed 32 bits", []byte{0x0d, 1, 2, 0, 0}, true, []string{"field 1 5", "number 513"}},
		{"fixed 64 bits", []byte{0x09, 1, 0, 0, 0, 0, 0, 0, 1}, true, []string{"field 1 1", "number 72057594037927937"}},
		{"bytes", text, true, []string{"field 2 2", `bytes "joy"`, "end"}},
		{"no bytes", []byte{0x12, 0}, true, []string{"field 2 2", `bytes ""`, "end"}},
		{"a message", append([]byte{0x1a, 5}, text...), true, []string{"field 3 2", "field 2 2", `bytes "joy"`, "end", "end"}},
		{"an empty message in another", []byte{0x1a, 2, 0x1a, 0}, true, []string{"field 3 2", "field 3 2", "end", "end"}},
		{"packed varints", []byte{0x22, 3, 1, 0x96, 0x01}, true, []string{"field 4 2", "number 1", "number 150"}},
		{"packed fixed 32 bits", []byte{0x2a, 8, 1, 0, 0, 0, 2, 0, 0, 0}, true, []string{"field 5 2", "number 1", "number 2"}},
		{"packed fixed 64 bits", []byte{0x32, 8, 7, 0, 0, 0, 0, 0, 0, 0}, true, []string{"field 6 2", "number 7"}},
		{"skipped", []byte{0x50, 1, 0x55, 1, 2, 3, 4, 0x52, 1, 'x', 0x08, 1}, true, []string{"field 10 0", "field 10 5", "field 10 2", "field 1 0", "number 1"}},
		{"the greatest field number", []byte{0xf8, 0xff, 0xff, 0xff, 0x3f, 1}, true, []string{"field 2147483647 0"}},
		{"groups", []byte{0x0b, 0x13, 0x12, 1, 0x0c, 0x14, 0x0c, 0x08, 1}, true, []string{"field 1 0", "number 1"}},
		{"as deep as can be", nested(maxLevels - 1), true, nil},

		{"too deep", nested(maxLevels), false, nil},
		{"field number 0", []byte{0x00, 1}, false, nil},
		{"too great a field number", []byte{0x80, 0x80, 0x80, 0x80, 0x40, 1}, false, nil},
		{"wire type 6", []byte{0x0e, 1}, false, nil},
		{"wire type 7", []byte{0x0f, 1}, false, nil},
		{"a varint past 64 bits", []byte{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, false, nil},
		{"cut in a tag", []byte{0x88}, false, nil},
		{"cut in a varint", []byte{0x08, 0x80}, false, nil},
		{"cut in a number", []byte{0x0d, 1, 2, 3}, false, nil},
		{"cut in a length", []byte{0x12, 0x80}, false, nil},
		{"bytes past the message", []byte{0x12, 4, 'j', 'o', 'y'}, false, nil},
		{"bytes past a message in the message", []byte{0x1a, 3, 0x12, 2, 'j', 'o'}, false, nil},
		{"a length past 63 bits", []byte{0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, false, nil},
		{"a packed varint past its field", []byte{0x22, 1, 0x80, 0x01}, false, nil},
		{"a group without an end", []byte{0x0b}, false, nil},
		{"a group without an end in a message", []byte{0x1a, 1, 0x0b, 0x0c}, false, nil},
		{"a group that another one ends", []byte{0x0b, 0x14}, false, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lines, isValid := read(len(test.message), test.message)
			if isValid != test.isValid {
				t.Errorf("valid: %v, want %v", isValid, test.isValid)
			}
			if diff := cmp.Diff(test.lines, lines); diff != "" && test.lines != nil {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for at := range test.message {
				check(t, test.message, at)
			}
		})
	}
}

func TestReaderTakesNothingPastTheEnd(t *testing.T) {
	var (
		reader Reader
		found  transcript
	)
	reader.Reset(2, &found)
	if n := reader.Write([]byte{0x08, 1, 0x08, 1}); n != 2 || reader.Left() != 0 {
		t.Errorf("took %d bytes, %d left; want 2, 0 left", n, reader.Left())
	}
}

// message writes fields of all kinds.
func message(random *rand.Rand, depth int) []byte {
	var written []byte
	for range random.IntN(5) {
		number := protowire.Number(1 + random.IntN(9))
		switch wire := []protowire.Type{0, 1, 2, 2, 2, 2, 3, 5}[random.IntN(8)]; wire {
		case protowire.VarintType:
			written = protowire.AppendVarint(protowire.AppendTag(written, number, wire), random.Uint64()>>random.IntN(64))
		case protowire.Fixed32Type:
			written = protowire.AppendFixed32(protowire.AppendTag(written, number, wire), random.Uint32())
		case protowire.Fixed64Type:
			written = protowire.AppendFixed64(protowire.AppendTag(written, number, wire), random.Uint64())
		case protowire.BytesType:
			value := bytes.Repeat([]byte{byte(random.IntN(128))}, 8*random.IntN(3))
			if number == 3 && depth < 9 {
				value = message(random, depth+1)
			}
			written = protowire.AppendBytes(protowire.AppendTag(written, number, wire), value)
		case protowire.StartGroupType:
			written = protowire.AppendGroup(protowire.AppendTag(written, number, wire), number, message(random, depth+5))
		}
	}
	return written
}

// TestGeneratedMessages compares the reader with protowire, for messages whole,
// cut in two, and with one byte changed.
func TestGeneratedMessages(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	valid, broken := 0, 0
	for range 10000 {
		message := message(random, 0)
		if len(message) == 0 {
			continue
		}
		if random.IntN(3) == 0 {
			message[random.IntN(len(message))] = byte(random.Uint32())
		}
		if check(t, message, random.IntN(len(message))) {
			valid++
		} else {
			broken++
		}
	}
	if valid < 500 || broken < 500 {
		t.Errorf("%d messages are valid, %d broken: too few for a test", valid, broken)
	}
}

// FuzzReader compares the reader with protowire.
func FuzzReader(f *testing.F) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		f.Add(message(random, 0), random.IntN(20))
	}
	f.Fuzz(func(t *testing.T, message []byte, at int) {
		groups := 0
		for _, c := range message {
			if Wire(c&7) == beginGroup {
				groups++
			}
		}
		if groups > maxGroups {
			return // protowire accepts groups nested ten thousand deep
		}
		check(t, message, min(max(at, 0), len(message)))
	})
}
