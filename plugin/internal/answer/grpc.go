package answer

import (
	"encoding/binary"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/protobuf"
)

// grpc reads the replies of inference.GRPCInferenceService/ModelInfer: frames of
// gRPC, with a ModelInferResponse each.
//
// The call is unary, so there is one. Of more, each adds its answers: the first
// that has outputs chooses what kind of output is read, and it must be in all.
//
// What a header says must come before the contents, as fields stand in order of
// their numbers: contents before datatype and shape, and name where
// Options.Output asks for one, are left out, and a header that goes on after its
// contents were read makes the reply unreadable. So do raw_output_contents before
// outputs. They belong to the outputs that have no contents, in their order; by
// the protocol that is all or none, but KServe's servers mix them.
//
// Sources: gRPC over HTTP2, Length-Prefixed-Message; Open Inference Protocol,
// open_inference_grpc.proto.
type grpc struct {
	visitor Visitor
	tensor  tensor
	header  header

	prefix     [prefixBytes]byte // of a frame: whether it is compressed, and its length
	prefixRead int               // bytes of it that came
	inMessage  bool
	messages   int // that ended
	isEncoded  bool
	isBroken   bool
	isValid    bool // all messages that ended
	message    protobuf.Reader

	place   grpcPlace // the message whose fields come
	sink    grpcSink  // what takes the bytes that come
	text    contract.Text
	outputs int

	hasContents     bool // this output has
	isRead          bool // and they are read, or were
	withoutContents int  // outputs without contents
	rawCount        int  // raw contents that came
	selectedRaw     int  // which of them are read; -1 for none
	decoder         rawDecoder
}

const prefixBytes = 5

// grpcPlace is a message of a reply.
type grpcPlace uint8

const (
	inResponse grpcPlace = iota // ModelInferResponse
	inTensor                    // InferOutputTensor
	inContents                  // InferTensorContents
)

// grpcSink is where a field's bytes go.
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

// Numbers of the fields that we read.
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

// write takes the next chunk of the reply's body.
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
		g.beginMessage(g.prefix[0], binary.BigEndian.Uint32(g.prefix[1:]))
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
	g.message.Reset(uint64(length), (*grpcVisitor)(g))
	if g.inMessage = length > 0; !g.inMessage {
		g.endMessage()
	}
}

func (g *grpc) endMessage() {
	if g.selectedRaw >= g.rawCount { // they never came
		g.tensor.endOutput()
	}
	isAnswer := g.outputs == 0 || g.tensor.selected != unranked
	g.isValid = g.isValid && g.tensor.isValid && isAnswer
	g.inMessage = false
	g.messages++
}

// close ends the reply and returns its outcome, as Scanner.Close has it, and
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

// grpcVisitor is the reply as the reader of its messages sees it.
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
		g.header.beginShape() // none at all is that of a single element
		g.hasContents, g.isRead = false, false
		return protobuf.Message
	case rawField:
		if g.rawCount++; g.rawCount-1 == g.selectedRaw {
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

// change takes what a header says. What was read by another can not be read
// again.
func (g *grpc) invalidateIfRead(matters bool) {
	if matters && g.isRead {
		g.tensor.invalidate()
	}
}

// beginContents takes an output's contents, or more of them: a message that
// stands twice is merged.
func (g *grpc) beginContents() protobuf.Action {
	if !g.hasContents && g.tensor.selectOutput(&g.header) {
		g.isRead, g.selectedRaw = true, -1
	}
	g.hasContents = true
	if !g.isRead {
		return protobuf.Skip
	}
	g.place = inContents
	return protobuf.Message
}

func (g *grpc) beginContentsField(number uint32, wire protobuf.Wire) protobuf.Action {
	field, single, packed := contentsOf(g.tensor.datatype)
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

// contentsOf returns which field holds elements of a datatype, and how they are
// written, alone and packed. There is none for floats of 16 bits.
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
	g.tensor.addBits(bits, max(32, g.tensor.datatype.bits()))
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
		g.decoder.write(chunk, &g.tensor)
	}
}

// end ends a field's bytes, or else a message.
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
		g.decoder.end(&g.tensor)
	}
	g.sink = noSink
}

func (g *grpc) endPlace() {
	if g.place == inContents {
		g.place = inTensor
		return
	}
	g.place = inResponse
	switch {
	case g.isRead:
		g.tensor.endOutput()
	case !g.hasContents:
		g.endWithoutContents()
	}
}

// endPending notes an output whose contents stand in raw_output_contents.
func (g *grpc) endWithoutContents() {
	if g.tensor.selectOutput(&g.header) {
		if g.selectedRaw = g.withoutContents; g.selectedRaw < g.rawCount {
			g.tensor.invalidate() // they were before it
		}
	}
	g.withoutContents++
}
