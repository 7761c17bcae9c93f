package answer

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/protobuf"
)

// A grpc reads the replies of inference.GRPCInferenceService/ModelInfer: gRPC
// frames, each with a ModelInferResponse.
//
// The call is unary, so a reply normally has one message. If there are more,
// their predictions add up. The first message with outputs sets the rank of the
// output to read, and all messages must have an output of this rank.
//
// Servers write fields in the order of their numbers, and grpc relies on this
// order. The name matters with Options.Output only.
//
//   - An output with contents before the datatype, the shape or the name is
//     ignored.
//   - If one of these fields comes after contents that were read, or
//     raw_output_contents come before outputs, the reply is unparsed.
//
// raw_output_contents belong to the outputs without contents, in their order.
// The protocol asks for either form in all outputs, but KServe's servers mix
// them.
//
// Sources: gRPC over HTTP2, Length-Prefixed-Message; Open Inference Protocol,
// open_inference_grpc.proto.
type grpc struct {
	visitor Visitor
	tensor  tensor
	sides   sides
	header  header

	prefix     [prefixBytes]byte // of a frame: a byte for compression, four for the length
	prefixRead int               // bytes of prefix so far
	inMessage  bool
	messages   int  // number of complete messages
	isEncoded  bool // a message is compressed
	isBroken   bool
	isValid    bool // all complete messages are valid
	message    protobuf.Reader

	place   grpcPlace // the message of the current field
	sink    grpcSink  // the destination of the current field's bytes
	text    contract.Text
	outputs int // number of outputs so far

	hasContents     bool     // the current output has contents
	isRead          bool     // the contents were selected and are being read, or were read
	isSide          bool     // the contents belong to predictions of other outputs
	elements        datatype // of the contents
	withoutContents int      // number of outputs without contents
	rawCount        int      // number of raw contents so far
	selectedRaw     int      // the index of the raw contents to read; -1 without
	decoder         rawDecoder
	laterSide       int // the number of the output in sides whose raw contents are read, or -1
}

const prefixBytes = 5

// grpcPlace is a message type inside a reply.
type grpcPlace uint8

const (
	inResponse grpcPlace = iota // ModelInferResponse
	inTensor                    // InferOutputTensor
	inContents                  // InferTensorContents
)

// grpcSink is a destination for a field's bytes.
type grpcSink uint8

const (
	noSink grpcSink = iota
	modelSink
	versionSink
	nameSink
	datatypeSink
	elementSink
	rawSink
)

// Numbers of the fields to read.
const (
	modelField   = 1 // of ModelInferResponse
	versionField = 2
	outputsField = 5
	rawField     = 6

	nameField     = 1 // of InferOutputTensor
	datatypeField = 2
	shapeField    = 3
	contentsField = 5

	boolField   = 1 // of InferTensorContents
	intField    = 2
	int64Field  = 3
	uintField   = 4
	uint64Field = 5
	fp32Field   = 6
	fp64Field   = 7
	bytesField  = 8
)

func (g *grpc) reset(options *Options, answers Visitor) {
	g.visitor = answers
	g.tensor.reset(options, answers)
	g.prefixRead, g.inMessage, g.messages = 0, false, 0
	g.isEncoded, g.isBroken, g.isValid = false, false, true
}

// write reads the next chunk of the reply's body.
func (g *grpc) write(chunk []byte) {
	for len(chunk) > 0 && !g.isEncoded && !g.isBroken {
		if g.inMessage {
			chunk = chunk[g.writeMessage(chunk):]
		} else {
			chunk = chunk[g.writePrefix(chunk):]
		}
	}
}

func (g *grpc) writePrefix(chunk []byte) int {
	n := copy(g.prefix[g.prefixRead:], chunk)
	if g.prefixRead += n; g.prefixRead == prefixBytes {
		g.prefixRead = 0
		g.beginMessage(g.prefix[0], uint32(g.prefix[1])<<24|uint32(g.prefix[2])<<16|uint32(g.prefix[3])<<8|uint32(g.prefix[4]))
	}
	return n
}

func (g *grpc) writeMessage(chunk []byte) int {
	n := g.message.Write(chunk)
	switch {
	case g.message.IsBroken():
		g.isBroken = true
	case g.message.Left() == 0:
		g.endMessage()
	}
	return n
}

func (g *grpc) beginMessage(flags byte, length uint32) {
	g.isEncoded, g.isBroken = flags == 1, flags > 1
	g.tensor.nextMessage()
	g.place, g.sink, g.outputs = inResponse, noSink, 0
	g.withoutContents, g.rawCount, g.selectedRaw = 0, 0, -1
	g.sides.reset()
	g.message.Reset(uint64(length), (*grpcVisitor)(g))
	if g.inMessage = length > 0; !g.inMessage {
		g.endMessage()
	}
}

func (g *grpc) endMessage() {
	if g.selectedRaw >= g.rawCount { // the selected contents are missing
		g.tensor.endOutput()
	}
	g.tensor.endSides(&g.sides)
	isAnswer := g.outputs == 0 || g.tensor.selected != unranked
	g.isValid = g.isValid && g.tensor.isValid && isAnswer
	g.inMessage = false
	g.messages++
}

// close ends the reply and returns its outcome, as Scanner.Close does, or
// OutcomeEncoded for compressed messages.
func (g *grpc) close() string {
	switch {
	case g.isEncoded:
		return contract.OutcomeEncoded
	case g.isBroken:
		return contract.OutcomeUnparsed
	case g.inMessage || g.prefixRead > 0 || g.messages == 0:
		return contract.OutcomeTruncated
	case !g.isValid:
		return contract.OutcomeUnparsed
	case g.tensor.predictions == 0:
		return contract.OutcomeNoPredictions
	}
	return contract.OutcomeCounted
}

// grpcVisitor is the grpc as a protobuf.Visitor.
type grpcVisitor grpc

func (v *grpcVisitor) Field(number uint32, wire protobuf.Wire) protobuf.Action {
	g := (*grpc)(v)
	switch g.place {
	case inResponse:
		return g.beginResponseField(number, wire)
	case inTensor:
		return g.beginTensorField(number, wire)
	}
	return g.beginContentsField(number, wire)
}

func (v *grpcVisitor) Number(bits uint64) { (*grpc)(v).number(bits) }
func (v *grpcVisitor) Bytes(chunk []byte) { (*grpc)(v).bytes(chunk) }
func (v *grpcVisitor) End()               { (*grpc)(v).end() }

func (g *grpc) beginResponseField(number uint32, wire protobuf.Wire) protobuf.Action {
	if wire != protobuf.Length {
		return protobuf.Skip
	}
	switch number {
	case modelField:
		g.text.Reset()
		return g.captureInto(modelSink)
	case versionField:
		g.text.Reset()
		return g.captureInto(versionSink)
	case outputsField:
		g.place = inTensor
		g.outputs++
		g.header.reset(g.tensor.options)
		g.header.beginShape() // without dimensions, the shape is a single element's
		g.hasContents, g.isRead, g.isSide = false, false, false
		return protobuf.Message
	case rawField:
		g.rawCount++
		g.laterSide = g.sides.find(uint64(g.rawCount - 1))
		if g.isRawSelected() || g.laterSide >= 0 {
			g.decoder = rawDecoder{}
			return g.captureInto(rawSink)
		}
	}
	return protobuf.Skip
}

func (g *grpc) captureInto(sink grpcSink) protobuf.Action {
	g.sink = sink
	return protobuf.Bytes
}

func (g *grpc) beginTensorField(number uint32, wire protobuf.Wire) protobuf.Action {
	switch {
	case number == shapeField && wire == protobuf.Varint:
		g.invalidateIfRead(true)
		return protobuf.Value
	case wire != protobuf.Length:
	case number == shapeField:
		g.invalidateIfRead(true)
		return protobuf.PackedVarint
	case number == nameField:
		g.invalidateIfRead(g.header.name.wanted != "")
		g.header.name.reset(g.header.name.wanted)
		return g.captureInto(nameSink)
	case number == datatypeField:
		g.invalidateIfRead(true)
		g.header.typeName.reset()
		return g.captureInto(datatypeSink)
	case number == contentsField:
		return g.beginContents()
	}
	return protobuf.Skip
}

// invalidateIfRead makes the reply unparsed if contents were read before a
// field that matters for their meaning.
func (g *grpc) invalidateIfRead(matters bool) {
	if matters && g.isRead {
		g.tensor.invalidate()
	}
}

// beginContents begins the contents of an output, or their continuation:
// protocol buffers merge a message written twice.
func (g *grpc) beginContents() protobuf.Action {
	if !g.hasContents {
		if g.isRead = g.tensor.selectOutput(&g.header); g.isRead {
			g.selectedRaw = -1
		}
		g.isSide, g.elements = g.beginSide(g.isRead), g.header.typeName.datatype()
	}
	g.hasContents = true
	if !g.isRead && !g.isSide {
		return protobuf.Skip
	}
	g.place = inContents
	return protobuf.Message
}

func (g *grpc) beginContentsField(number uint32, wire protobuf.Wire) protobuf.Action {
	field, single, packed := contentsOf(g.elements)
	switch {
	case number != field:
	case wire == protobuf.Length && field == bytesField:
		return g.captureInto(elementSink)
	case wire == protobuf.Length:
		return packed
	case wire == single:
		return protobuf.Value
	}
	return protobuf.Skip
}

// contentsOf returns the field for elements of a datatype, the wire type of a
// single element, and the action for packed elements. 16-bit floats have no
// field.
func contentsOf(of datatype) (field uint32, single protobuf.Wire, packed protobuf.Action) {
	switch of {
	case boolType:
		return boolField, protobuf.Varint, protobuf.PackedVarint
	case int8Type, int16Type, int32Type:
		return intField, protobuf.Varint, protobuf.PackedVarint
	case int64Type:
		return int64Field, protobuf.Varint, protobuf.PackedVarint
	case uint8Type, uint16Type, uint32Type:
		return uintField, protobuf.Varint, protobuf.PackedVarint
	case uint64Type:
		return uint64Field, protobuf.Varint, protobuf.PackedVarint
	case fp32Type:
		return fp32Field, protobuf.Fixed32, protobuf.PackedFixed32
	case fp64Type:
		return fp64Field, protobuf.Fixed64, protobuf.PackedFixed64
	case bytesType:
		return bytesField, protobuf.Length, protobuf.Bytes
	}
	return 0, protobuf.Length, protobuf.Skip
}

func (g *grpc) number(bits uint64) {
	if g.place == inTensor {
		g.header.badShape = g.header.badShape || int64(bits) < 0
		g.header.addDimension(bits)
		return
	}
	if g.isSide {
		g.sides.add(g.elements.float(bits))
	}
	if g.isRead {
		g.tensor.addBits(bits, max(32, g.tensor.datatype.bits()))
	}
}

func (g *grpc) bytes(chunk []byte) {
	switch g.sink {
	case modelSink, versionSink:
		g.text.AddAll(chunk)
	case nameSink:
		g.header.name.AddAll(chunk)
	case datatypeSink:
		g.header.typeName.AddAll(chunk)
	case elementSink:
		g.tensor.AddAll(chunk)
	case rawSink:
		if g.isRawSelected() {
			g.decoder.write(chunk, &g.tensor)
		}
		if g.laterSide >= 0 {
			g.sides.writeLater(g.laterSide, chunk, false)
		}
	}
}

// isRawSelected reports whether the current raw contents are read.
func (g *grpc) isRawSelected() bool { return g.rawCount-1 == g.selectedRaw }

// end ends the bytes of a field, or a message.
func (g *grpc) end() {
	switch g.sink {
	case noSink:
		g.endPlace()
	case modelSink:
		g.visitor.Model(&g.text)
	case versionSink:
		g.visitor.Version(&g.text)
	case elementSink:
		g.tensor.endBytes()
	case rawSink:
		if g.isRawSelected() {
			g.decoder.end(&g.tensor)
		}
		if g.laterSide >= 0 {
			g.sides.writeLater(g.laterSide, nil, true)
		}
	}
	g.sink = noSink
}

func (g *grpc) endPlace() {
	if g.place == inContents {
		g.place = inTensor
		return
	}
	g.place = inResponse
	if !g.hasContents {
		g.endWithoutContents()
		return
	}
	if g.isRead {
		g.tensor.endOutput()
	}
	if g.isSide {
		g.sides.end()
	}
}

// beginSide reports whether this output belongs to predictions of other outputs. The
// predictions of a further message are read without them.
func (g *grpc) beginSide(isSelected bool) bool {
	if g.messages > 0 || !g.tensor.takesSides() {
		return false
	}
	if isSelected {
		g.tensor.beginHold()
	}
	return g.sides.begin(&g.header)
}

// endWithoutContents registers an output with its elements in
// raw_output_contents.
func (g *grpc) endWithoutContents() {
	isSelected := g.tensor.selectOutput(&g.header)
	if isSelected {
		if g.selectedRaw = g.withoutContents; g.selectedRaw < g.rawCount {
			g.tensor.invalidate() // the raw contents came before the output
		}
	}
	if g.beginSide(isSelected) {
		g.sides.leave(uint64(g.withoutContents), 0)
	}
	g.withoutContents++
}
