package answer

import (
	"math/bits"

	"github.com/moodring/moodring/plugin/internal/ascii"
)

// A rank orders the outputs of a V2 reply by how likely they hold the
// prediction. The output of the highest rank is read.
type rank uint8

const (
	unranked      rank = iota // never read
	floatSingle               // a float in each row
	integerScores             // scores of the classes; token ids have the same form, so the rank is low
	floatScores
	integerIndex
	labels
	declared // as Options.Answer says
)

// A header holds the members of an output before its elements.
type header struct {
	name     nameMatch
	typeName typeName

	hasShape       bool
	badShape       bool // a dimension is not a length
	dimensions     int
	wideDimensions int    // dimensions longer than 1, without the first
	rows           uint64 // the first dimension
	columns        uint64 // length of a row: the product of the other dimensions
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

// rank returns the rank of the output. With another name than Options.Output,
// an output is unranked.
func (h *header) rank(options *Options) rank {
	overflow, _ := bits.Mul64(h.rows, h.columns)
	if !h.hasShape || h.badShape || h.wideDimensions > 1 || overflow > 0 || !h.name.isEqual() {
		return unranked
	}
	datatype, isSingle := h.typeName.datatype(), h.columns == 1
	switch {
	case datatype == unknownType, options.Answer == Unexplained && options.Output == "" && h.name.isUnread(datatype, isSingle):
		return unranked
	case datatype == bytesType:
		return h.rankOfBytes(options)
	case options.Answer == Labels && h.dimensions > 1,
		datatype.isFloat() && isSingle && (options.Answer == Positive || options.Answer == Number):
		return declared
	case isSingle && datatype.isFloat():
		return floatSingle
	case isSingle:
		return integerIndex
	case options.Answer == Number:
		return unranked
	case datatype.isFloat():
		return floatScores
	case options.Answer == Class || options.Output != "" || datatype.bits() == 8 && datatype != boolType && h.columns <= maxIndex+1:
		return integerScores
	}
	return unranked
}

func (h *header) rankOfBytes(options *Options) rank {
	if options.Answer == Number || options.Answer == Positive {
		return unranked
	}
	return labels
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

// bits returns the width of an element as binary data, or 0 for BYTES.
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

// A typeName collects the name of a datatype from chunks.
type typeName struct {
	text   [8]byte
	length int
}

func (n *typeName) reset() { n.length = 0 }

// AddAll implements json.Sink.
func (n *typeName) AddAll(chunk []byte) {
	if n.length < len(n.text) {
		copy(n.text[n.length:], chunk)
	}
	n.length += len(chunk)
}

//go:noinline // the compiler would add 9 kB of copies
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

// A nameMatch compares a name, given in chunks, with the wanted name. Without a
// wanted name, every name matches.
type nameMatch struct {
	_       [0]func() // no comparison; see json.Reader
	wanted  string
	matched int // length of the part of wanted seen so far
	isOther bool
	text    [48]byte // the beginning
	length  int      // of text
}

func (m *nameMatch) reset(wanted string) {
	m.wanted, m.matched, m.isOther, m.length = wanted, 0, false, 0
}

// AddAll implements json.Sink.
func (m *nameMatch) AddAll(chunk []byte) {
	m.length += copy(m.text[m.length:], chunk)
	rest := m.wanted[m.matched:]
	if m.isOther = m.isOther || len(chunk) > len(rest) || string(chunk) != rest[:len(chunk)]; !m.isOther {
		m.matched += len(chunk)
	}
}

// isEqual reports whether the whole name is as wanted.
func (m *nameMatch) isEqual() bool {
	return m.wanted == "" || !m.isOther && m.matched == len(m.wanted)
}

// isUnread reports whether the name says that the output holds no predictions of a
// classifier: an embedding, a text, or whole numbers that count something, stand for
// words, or are the places of a request in a batch.
func (m *nameMatch) isUnread(of datatype, isSingle bool) bool {
	switch {
	case of == bytesType:
		return m.has("text_out") || m.has("output_text") || m.has("generated")
	case isSingle && !of.isFloat():
		return m.has("num") || m.has("count") || m.has("len") || m.has("token") || m.has("batch") || m.has("sequence")
	}
	return m.has("embed")
}

// isScore reports whether the name says that the output holds the scores of
// predictions. A score of an anomaly is not the score of its label.
func (m *nameMatch) isScore() bool {
	return (m.has("prob") || m.has("score") || m.has("conf")) && !m.has("anomal") && !m.has("outlier") && !m.has("instance")
}

// has reports whether the name holds a word of lower case, in any case. It is not
// inlined, for the size of the module.
//
//go:noinline
func (m *nameMatch) has(word string) bool { return ascii.ContainsFold(m.text[:m.length], word) }
