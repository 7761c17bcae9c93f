package answer

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// v2 reads the outputs of a V2 reply in JSON:
//
//	"outputs": [{"name": "label", "shape": [2], "datatype": "BYTES", "data": ["joy", "love"]}, ...]
//
// data is flat or nested, whatever the shape. What a header says must come before
// the data, as all servers have it: data that comes before shape and datatype,
// and name where Options.Output asks for one, is left out, and any of these that
// come again after their data was read make the reply unreadable. Otherwise of
// members that stand twice the last counts.
//
// Source: Open Inference Protocol, inference_rest.md, Inference Response JSON
// Object.
type v2 struct {
	reader *json.Reader
	tensor tensor
	header header
	tail   tail

	place     v2Place
	lastKey   v2Member
	skipped   int  // levels inside a value that is none of ours
	depth     int  // levels inside data
	isElement bool // what began last in it is one
	outputs   int
	isValid   bool // the outputs, but for what the tensor reads

	isBinary   bool // tensors may follow the JSON
	jsonBytes  int  // that came
	isBlank    bool // what followed is white space
	anyBadSize bool // the size of a tensor that should follow is none

	// Of this output:
	hasData bool
	isRead  bool   // its data is, or was
	hasSize bool   // it has a size as binary data
	badSize bool   // which is none
	size    uint64 // in bytes
}

// v2Place is the level of outputs at which the next value stands.
type v2Place uint8

const (
	atOutputs    v2Place = iota // outputs itself
	inOutputs                   // a member of outputs
	inOutput                    // a member of an output
	inShape                     // a member of its shape
	inParameters                // a member of its parameters
	inData                      // in its data, at any depth
)

// v2Member is the key before a value, if it is one we know.
type v2Member uint8

const (
	otherV2Member v2Member = iota
	nameMember
	shapeMember
	datatypeMember
	parametersMember
	dataMember
	sizeMember
)

func (v *v2) reset(options *Options, answers Visitor, reader *json.Reader) {
	v.reader = reader
	v.tensor.reset(options, answers)
	v.tail.reset()
	v.place, v.lastKey, v.skipped = atOutputs, otherV2Member, 0
	v.outputs, v.isValid, v.anyBadSize = 0, true, false
}

func (v *v2) key(name []byte) {
	v.lastKey = otherV2Member
	switch {
	case v.skipped > 0:
	case v.place == inOutput:
		v.lastKey = outputMember(name)
	case v.place == inParameters && string(name) == "binary_data_size":
		v.lastKey = sizeMember
	}
}

func outputMember(name []byte) v2Member {
	switch string(name) {
	case "name":
		return nameMember
	case "shape":
		return shapeMember
	case "datatype":
		return datatypeMember
	case "parameters":
		return parametersMember
	case "data":
		return dataMember
	}
	return otherV2Member
}

func (v *v2) begin(value json.Kind) json.Capture {
	if v.skipped == 0 {
		switch v.place {
		case inOutput:
			return v.beginMember(value)
		case inShape:
			return v.beginDimension(value)
		case inParameters:
			return v.beginParameter(value)
		case inData:
			return v.beginElement(value)
		}
		if v.beginOutputs(value) {
			return json.Ignore
		}
	}
	return v.skip(value)
}

// skip leaves out a value that is none of ours, and all it holds.
func (v *v2) skip(value json.Kind) json.Capture {
	if isContainer(value) {
		v.skipped++
	}
	return json.Ignore
}

// beginOutputs takes outputs, and each of them.
func (v *v2) beginOutputs(value json.Kind) bool {
	switch {
	case v.place == atOutputs && value == json.Array:
		v.place = inOutputs
	case v.place == inOutputs && value == json.Object:
		v.place = inOutput
		v.outputs++
		v.header.reset(v.tensor.options)
		v.hasData, v.isRead, v.hasSize = false, false, false
	default:
		v.isValid = false
		return false
	}
	return true
}

// beginMember takes a member of an output. What an earlier one of the same name
// was no longer matters.
func (v *v2) beginMember(value json.Kind) json.Capture {
	h := &v.header
	switch v.lastKey {
	case nameMember:
		v.invalidateIfRead(h.name.wanted != "")
		h.name.reset(h.name.wanted)
		return v.captureInto(&h.name, value)
	case datatypeMember:
		v.invalidateIfRead(true)
		h.typeName.reset()
		return v.captureInto(&h.typeName, value)
	case shapeMember:
		v.invalidateIfRead(true)
		if h.beginShape(); value == json.Array {
			v.place = inShape
			return json.Ignore
		}
		h.hasShape = false
	case parametersMember:
		if v.hasSize = false; value == json.Object {
			v.place = inParameters
			return json.Ignore
		}
	case dataMember:
		return v.beginData(value)
	}
	return v.skip(value)
}

// change takes a member that says, or is, what was read as another one said.
func (v *v2) invalidateIfRead(matters bool) {
	if matters && v.isRead {
		v.tensor.invalidate()
	}
}

// gather has a string put into sink.
func (v *v2) captureInto(sink json.Sink, value json.Kind) json.Capture {
	if value != json.String {
		return v.skip(value)
	}
	v.reader.Sink = sink
	return json.Chunks
}

func (v *v2) beginData(value json.Kind) json.Capture {
	v.invalidateIfRead(true)
	v.hasData = value != json.Null
	if v.isRead || value != json.Array || !v.selectOutput() {
		return v.skip(value)
	}
	v.isRead = true
	v.place, v.depth = inData, 1
	return json.Ignore
}

// choose tells whether this output is to be read.
func (v *v2) selectOutput() bool {
	isChosen := v.tensor.selectOutput(&v.header)
	v.tail.isSelected = v.tail.isSelected && !isChosen
	return isChosen
}

func (v *v2) beginDimension(value json.Kind) json.Capture {
	if value == json.Number {
		return json.Digits
	}
	v.header.badShape = true
	return v.skip(value)
}

func (v *v2) beginParameter(value json.Kind) json.Capture {
	if v.lastKey != sizeMember {
		return v.skip(value)
	}
	if v.hasSize, v.badSize = value != json.Null, value != json.Number; v.hasSize && !v.badSize {
		return json.Digits
	}
	return v.skip(value)
}

// beginElement takes what stands in data: elements, and lists of them.
func (v *v2) beginElement(value json.Kind) json.Capture {
	of := v.tensor.datatype
	v.isElement = true
	switch {
	case value == json.Array:
		v.depth++
		return json.Ignore
	case value == json.Number && of != bytesType:
		return json.Digits
	case value == json.String && of == bytesType:
		v.reader.Sink = &v.tensor
		return json.Chunks
	case value == json.Bool && of == boolType:
		return json.Ignore
	}
	v.isElement = false
	v.tensor.invalidate()
	return v.skip(value)
}

func (v *v2) end(value json.Kind) {
	switch {
	case v.skipped > 0:
		if isContainer(value) {
			v.skipped--
		}
	case v.place == inData:
		v.endElement(value)
	case isContainer(value):
		v.endContainer()
	case value != json.Number:
	case v.place == inShape:
		v.addDimension()
	case v.place == inParameters && v.lastKey == sizeMember:
		v.setSize()
	}
}

func (v *v2) endContainer() {
	switch v.place {
	case inOutputs:
		v.place = atOutputs
	case inOutput:
		v.endOutput()
		v.place = inOutputs
	case inShape, inParameters:
		v.place = inOutput
	}
}

// endOutput notes an output whose elements follow the JSON.
func (v *v2) endOutput() {
	switch {
	case !v.isBinary || !v.hasSize:
	case v.badSize:
		v.anyBadSize = true
	default:
		v.tail.addTensor(v.size, !v.hasData && v.selectOutput())
	}
}

func (v *v2) addDimension() {
	length, isNegative, ok := v.reader.Integer()
	if !ok || isNegative {
		v.header.badShape = true
	}
	v.header.addDimension(length)
}

func (v *v2) setSize() {
	size, isNegative, ok := v.reader.Integer()
	v.size, v.badSize = size, !ok || isNegative && size > 0
}

func (v *v2) endElement(value json.Kind) {
	if value == json.Array {
		if v.depth--; v.depth == 0 {
			v.tensor.endOutput()
			v.place = inOutput
		}
		return
	}
	if !v.isElement {
		return
	}
	switch value {
	case json.String:
		v.tensor.endBytes()
	case json.Number:
		v.endNumber()
	case json.Bool:
		if v.reader.Bool() {
			v.tensor.addInteger(1)
		} else {
			v.tensor.addInteger(0)
		}
	}
}

func (v *v2) endNumber() {
	if v.tensor.datatype.isFloat() {
		number, ok := v.reader.Float()
		if !ok {
			v.tensor.invalidate()
		}
		v.tensor.addFloat(number)
		return
	}
	magnitude, isNegative, ok := v.reader.Integer()
	switch {
	case !ok || isNegative && magnitude > 1<<63:
		v.tensor.invalidate()
	case isNegative:
		v.tensor.addInteger(-int64(magnitude))
	default:
		v.tensor.addUnsigned(magnitude)
	}
}

// write takes a chunk of which so many bytes are JSON, and the rest tensors.
func (v *v2) write(chunk []byte, jsonBytes int) {
	v.jsonBytes += jsonBytes
	if rest := chunk[jsonBytes:]; len(rest) > 0 {
		v.isBlank = v.isBlank && json.IsSpace(rest)
		v.tail.write(rest, &v.tensor)
	}
}

// close ends the outputs, and returns how many predictions they held, and whether
// they are what they should be.
func (v *v2) close() (answered int, isValid bool) {
	v.tail.close(&v.tensor)
	isAnswer := v.outputs == 0 || v.tensor.selected != unranked
	return v.tensor.predictions, v.isValid && v.tensor.isValid && isAnswer
}

// frame holds what followed the JSON to what its outputs and the header say of
// it, and returns OutcomeCounted if that is so. Where the tensors begin is not
// known before the reply's end but by the JSON's own, so that no white space may
// stand between the two.
func (v *v2) checkTail(header int) (outcome string) {
	sent := uint64(v.jsonBytes) + v.tail.received
	switch {
	case header == 0 && v.isBlank && !v.tail.isSelected:
		return contract.OutcomeCounted
	case header == 0 || header < v.jsonBytes:
		return contract.OutcomeUnparsed
	case sent < uint64(header), header == v.jsonBytes && v.tail.received < v.tail.total:
		return contract.OutcomeTruncated
	case v.anyBadSize:
		return contract.OutcomeUnparsed
	case v.tail.total == 0 && v.isBlank, header == v.jsonBytes && v.tail.received == v.tail.total:
		return contract.OutcomeCounted
	}
	return contract.OutcomeUnparsed
}

// isDone tells whether outputs has ended.
func (v *v2) isDone() bool { return v.place == atOutputs }
