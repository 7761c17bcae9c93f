package answer

import "github.com/moodring/moodring/plugin/internal/json"

// A gRPC reply that a gateway has transcoded to JSON differs from V2's JSON: 64-bit
// integers are strings ("shape": ["2"]), names may be in camel case, and the
// elements stand in contents:
//
//	"contents": {"bytesContents": ["am95"]}, {"int64Contents": ["8"]}, {"fp32Contents": [0.5]}
//
// Elements of BYTES are in base64.
//
// Sources: Protocol Buffers, ProtoJSON format; the examples of ModelMesh.

// isContents reports whether a member of contents holds elements.
func isContents(name []byte) bool {
	const suffix = "ontents"
	return len(name) > len(suffix) && string(name[len(name)-len(suffix):]) == suffix
}

// beginDigits begins an integer that is a string.
func (v *v2) beginDigits() json.Capture {
	v.digits.Reset()
	v.reader.Text = &v.digits
	return json.Text
}

// integer returns the integer of a string.
func (v *v2) integer() (value int64, ok bool) {
	var buffer [32]byte
	text := v.digits.Append(buffer[:0])
	isNegative := len(text) > 0 && text[0] == '-'
	if isNegative {
		text = text[1:]
	}
	index, ok := json.ParseIndex(text)
	if isNegative {
		index = -index
	}
	return int64(index), ok
}

// base64 decodes an element into the tensor. It implements json.Sink.
type base64 struct {
	tensor *tensor
	bits   uint32
	n      int  // characters of the current four
	isBad  bool // a character is not base64
	isOver bool // a = has ended the element
}

func (b *base64) reset(t *tensor) { *b = base64{tensor: t} }

// AddAll implements json.Sink.
func (b *base64) AddAll(chunk []byte) {
	for _, c := range chunk {
		digit, ok := base64Digit(c)
		switch {
		case c == '=':
			b.isOver = true
		case !ok || b.isOver:
			b.isBad = true
		default:
			b.add(digit)
		}
	}
}

// add adds six bits. All but the first of four characters complete a byte.
func (b *base64) add(digit uint32) {
	b.bits = b.bits<<6 | digit
	if b.n++; b.n > 1 {
		unused := 2 * (4 - b.n) // of the bits so far: 4, 2 or 0
		decoded := [1]byte{byte(b.bits >> unused)}
		b.tensor.AddAll(decoded[:])
	}
	if b.n == 4 {
		b.bits, b.n = 0, 0
	}
}

// base64Digit returns the value of a character of the standard or the URL alphabet.
func base64Digit(c byte) (value uint32, ok bool) {
	switch {
	case 'A' <= c && c <= 'Z':
		return uint32(c - 'A'), true
	case 'a' <= c && c <= 'z':
		return uint32(c-'a') + 26, true
	case '0' <= c && c <= '9':
		return uint32(c-'0') + 52, true
	case c == '+' || c == '-':
		return 62, true
	case c == '/' || c == '_':
		return 63, true
	}
	return 0, false
}

// end ends an element, and reports whether it was base64.
func (b *base64) end() bool { return !b.isBad && b.n != 1 }
