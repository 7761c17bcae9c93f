package answer

import "math/bits"

// kind is what an output answers, the better the higher.
type rank uint8

const (
	unranked      rank = iota
	floatIndex         // a class's index for each row, as a float
	integerScores      // the scores of the classes, which tokens' numbers look like too
	floatScores
	integerIndex
	labels
)

// header is what is known of an output before its elements.
type header struct {
	name     nameMatch
	typeName typeName

	hasShape       bool
	badShape       bool // a dimension is none
	dimensions     int
	wideDimensions int // of those after the first, longer than 1
	rows           uint64
	columns        uint64 // of a row: all but the first multiplied
}

func (h *header) reset(options *Options) {
	h.name.reset(options.Output)
	h.typeName.reset()
	h.beginShape()
	h.hasShape = false
}

func (h *header) beginShape() {
	h.hasShape, h.badShape = true, false
	h.dimensions, h.wideDimensions, h.rows, h.columns = 0, 0, 1, 1
}

func (h *header) addDimension(length uint64) {
	if h.dimensions++; h.dimensions == 1 {
		h.rows = length
		return
	}
	if length > 1 {
		h.wideDimensions++
	}
	overflow, columns := bits.Mul64(h.columns, length)
	h.columns = columns
	h.badShape = h.badShape || overflow > 0
}

// kind returns what the output answers.
func (h *header) rank(options *Options) rank {
	overflow, _ := bits.Mul64(h.rows, h.columns)
	if !h.hasShape || h.badShape || h.wideDimensions > 1 || overflow > 0 || !h.name.isEqual() {
		return unranked
	}
	datatype, isIndex := h.typeName.datatype(), h.columns == 1
	switch {
	case datatype == unknownType:
		return unranked
	case datatype == bytesType:
		return labels
	case datatype.isFloat() && !isIndex:
		return floatScores
	case datatype.isFloat():
		if len(options.Classes) == 0 {
			return unranked
		}
		return floatIndex
	case isIndex:
		return integerIndex
	}
	return integerScores
}

// datatype is the type of an output's elements.
type datatype uint8

const (
	unknownType datatype = iota
	boolType
	uint8Type
	uint16Type
	uint32Type
	uint64Type
	int8Type
	int16Type
	int32Type
	int64Type
	fp16Type
	bf16Type
	fp32Type
	fp64Type
	bytesType
)

func (d datatype) isFloat() bool { return fp16Type <= d && d <= fp64Type }

// bits returns how wide an element is as binary data; 0 where that depends.
func (d datatype) bits() uint {
	switch d {
	case boolType, uint8Type, int8Type:
		return 8
	case uint16Type, int16Type, fp16Type, bf16Type:
		return 16
	case uint32Type, int32Type, fp32Type:
		return 32
	case uint64Type, int64Type, fp64Type:
		return 64
	}
	return 0
}

// typeName gathers a datatype's name.
type typeName struct {
	text   [8]byte
	length int
}

func (n *typeName) reset() { n.length = 0 }

// AddAll adds a chunk of the name.
func (n *typeName) AddAll(chunk []byte) {
	if n.length < len(n.text) {
		copy(n.text[n.length:], chunk)
	}
	n.length += len(chunk)
}

func (n *typeName) datatype() datatype {
	switch string(n.text[:min(n.length, len(n.text))]) {
	case "BOOL":
		return boolType
	case "UINT8":
		return uint8Type
	case "UINT16":
		return uint16Type
	case "UINT32":
		return uint32Type
	case "UINT64":
		return uint64Type
	case "INT8":
		return int8Type
	case "INT16":
		return int16Type
	case "INT32":
		return int32Type
	case "INT64":
		return int64Type
	case "FP16":
		return fp16Type
	case "BF16":
		return bf16Type
	case "FP32":
		return fp32Type
	case "FP64":
		return fp64Type
	case "BYTES":
		return bytesType
	}
	return unknownType
}

// match compares a name that comes in chunks with the one that is wanted; with
// none, any will do.
type nameMatch struct {
	wanted  string
	matched int // bytes of it
	isOther bool
}

func (m *nameMatch) reset(wanted string) { m.wanted, m.matched, m.isOther = wanted, 0, false }

// AddAll adds a chunk of the name.
func (m *nameMatch) AddAll(chunk []byte) {
	rest := m.wanted[m.matched:]
	if m.isOther = m.isOther || len(chunk) > len(rest) || string(chunk) != rest[:len(chunk)]; !m.isOther {
		m.matched += len(chunk)
	}
}

// isWhole tells whether the name is the one that is wanted.
func (m *nameMatch) isEqual() bool {
	return m.wanted == "" || !m.isOther && m.matched == len(m.wanted)
}
