package answer

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// A v2 reads the outputs of a V2 reply in JSON:
//
//	"outputs": [{"name": "label", "shape": [2], "datatype": "BYTES", "data": ["joy", "love"]}, ...]
//
// data is flat or nested, independent of the shape. All known servers write
// shape, datatype and name before data, and v2 relies on this order. The name
// matters with Options.Output only.
//
//   - An output with data before one of the others is ignored.
//   - If data or one of the others comes again after data was read, the reply is
//     unparsed.
//
// Of other members with the same name, the last one counts.
//
// Source: Open Inference Protocol, inference_rest.md, Inference Response JSON
// Object.
type v2 struct {
	reader *json.Reader
	tensor tensor
	header header
	tail   tail
	sides  sides

	place     v2Place
	lastKey   v2Member // the key before the value
	skipped   int      // depth of nesting inside a skipped value; 0 outside
	depth     int      // of the lists in data
	isElement bool     // the last value in data was an element
	outputs   int      // number of outputs so far
	isValid   bool     // the structure of outputs; the tensor checks the elements

	isBinary   bool // binary tensors may follow the JSON
	jsonBytes  int  // length of the JSON so far
	isBlank    bool // only white space came after the JSON
	anyBadSize bool // an output has an invalid binary_data_size

	isSeldon bool // the only output is a tensor of Seldon Core 1

	// Of a transcoded gRPC reply:
	digits       contract.Text // an integer that is a string
	base64       base64        // an element of BYTES
	isTranscoded bool          // the elements stand in contents

	// Of the current output:
	hasData  bool
	isRead   bool     // data was selected for reading
	isSide   bool     // data belongs to predictions of other outputs
	elements datatype // of data
	hasSize  bool     // binary_data_size is present
	badSize  bool     // and is not a size
	size     uint64   // in bytes
}

// v2Place is the position of the next value in outputs.
type v2Place uint8

const (
	atOutputs      v2Place = iota // outputs itself
	inOutputs                     // a member of outputs
	inOutput                      // a member of an output
	inShape                       // a member of its shape
	inParameters                  // a member of its parameters
	inJSONContents                // a member of its contents
	inData                        // a member of its data, at any depth
)

// v2Member is the key before a value.
type v2Member uint8

const (
	otherV2Member v2Member = iota
	nameMember
	shapeMember
	datatypeMember
	parametersMember
	dataMember
	contentsMember
	sizeMember
)

func (v *v2) reset(options *Options, answers Visitor, reader *json.Reader) {
	v.reader = reader
	v.tensor.reset(options, answers)
	v.tail.reset()
	v.sides.reset()
	v.place, v.lastKey, v.skipped, v.isSeldon = atOutputs, otherV2Member, 0, false
	v.outputs, v.isValid, v.anyBadSize = 0, true, false
}

func (v *v2) key(name []byte) {
	v.lastKey = otherV2Member
	switch {
	case v.skipped > 0:
	case v.place == inOutput:
		if v.isSeldon {
			v.lastKey = seldonMember(name)
			return
		}
		v.lastKey = outputMember(name)
	case v.place == inJSONContents && isContents(name):
		v.lastKey = dataMember
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
	case "contents":
		return contentsMember
	}
	return otherV2Member
}

// beginSeldon begins the tensor of a reply of Seldon Core 1, as the only output:
//
//	{"shape": [1, 2], "values": [0.25, 0.75]}
//
// Source: Seldon Core 1, proto/prediction.proto, Tensor.
func (v *v2) beginSeldon() {
	v.place, v.outputs, v.isSeldon = inOutput, 1, true
	v.header.reset(v.tensor.options)
	v.header.name.reset("")
	v.header.typeName.AddAll([]byte("FP64"))
	v.hasData, v.isRead, v.hasSize, v.isTranscoded = false, false, false, false
}

func seldonMember(name []byte) v2Member {
	switch string(name) {
	case "shape":
		return shapeMember
	case "values":
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
		case inJSONContents:
			if v.lastKey == dataMember {
				return v.beginData(value)
			}
			return v.skip(value)
		case inData:
			return v.beginElement(value)
		}
		if v.beginOutputs(value) {
			return json.Ignore
		}
	}
	return v.skip(value)
}

// skip ignores a value and all values inside.
func (v *v2) skip(value json.Kind) json.Capture {
	if isContainer(value) {
		v.skipped++
	}
	return json.Ignore
}

// beginOutputs begins outputs or a member, and reports whether the type of the
// value is right.
func (v *v2) beginOutputs(value json.Kind) bool {
	switch {
	case v.place == atOutputs && value == json.Array:
		v.place = inOutputs
	case v.place == inOutputs && value == json.Object:
		v.place = inOutput
		v.outputs++
		v.header.reset(v.tensor.options)
		v.hasData, v.isRead, v.hasSize, v.isTranscoded = false, false, false, false
	default:
		v.isValid = false
		return false
	}
	return true
}

// beginMember begins a member of an output, and forgets an earlier member of
// the same name.
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
		v.isTranscoded = false
		return v.beginData(value)
	case contentsMember:
		if v.isTranscoded = value == json.Object; v.isTranscoded {
			v.place = inJSONContents
			return json.Ignore
		}
	}
	return v.skip(value)
}

// invalidateIfRead makes the reply unparsed if data was read before a member
// that matters for its meaning.
func (v *v2) invalidateIfRead(matters bool) {
	if matters && v.isRead {
		v.tensor.invalidate()
	}
}

// captureInto tells the reader to pass a string to sink.
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
	if v.isRead || value != json.Array {
		return v.skip(value)
	}
	v.elements = v.header.typeName.datatype()
	v.isRead = v.selectOutput()
	v.isSide = v.beginSide(v.isRead)
	if !v.isRead && !v.isSide {
		return v.skip(value)
	}
	v.place, v.depth = inData, 1
	return json.Ignore
}

// beginSide reports whether this output belongs to predictions of other outputs.
func (v *v2) beginSide(isSelected bool) bool {
	if !v.tensor.takesSides() {
		return false
	}
	if isSelected {
		v.tensor.beginHold()
	}
	return v.sides.begin(&v.header)
}

// selectOutput reports whether this output is read. If so, the output selected
// before is discarded.
func (v *v2) selectOutput() bool {
	isChosen := v.tensor.selectOutput(&v.header)
	v.tail.isSelected = v.tail.isSelected && !isChosen
	return isChosen
}

func (v *v2) beginDimension(value json.Kind) json.Capture {
	switch value {
	case json.Number:
		return json.Digits
	case json.String:
		return v.beginDigits()
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

// beginElement begins a value inside data: an element, or a list of elements.
func (v *v2) beginElement(value json.Kind) json.Capture {
	of := v.elements
	v.isElement = true
	switch {
	case value == json.Array:
		v.depth++
		return json.Ignore
	case value == json.Number && of != bytesType:
		return json.Digits
	case value == json.String && of == bytesType && v.isTranscoded:
		v.base64.reset(&v.tensor)
		v.reader.Sink = &v.base64
		return json.Chunks
	case value == json.String && v.isTranscoded && !of.isFloat():
		return v.beginDigits()
	case value == json.String && of == bytesType:
		v.reader.Sink = &v.tensor
		return json.Chunks
	case value == json.Bool && of == boolType:
		return json.Ignore
	}
	v.isElement = false
	if v.sides.isBad = v.sides.isBad || v.isSide; v.isRead {
		v.tensor.invalidate()
	}
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
	case value == json.String && v.place == inShape:
		length, ok := v.integer()
		v.header.badShape = v.header.badShape || !ok || length < 0
		v.header.addDimension(uint64(length))
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
		if v.place = inOutputs; v.isSeldon {
			v.place = atOutputs
		}
	case inShape, inParameters, inJSONContents:
		v.place = inOutput
	}
}

// endOutput registers an output with its tensor after the JSON.
func (v *v2) endOutput() {
	switch {
	case !v.isBinary || !v.hasSize:
		return
	case v.badSize:
		v.anyBadSize = true
		return
	}
	isSelected := !v.hasData && v.selectOutput()
	isSide := !v.hasData && v.beginSide(isSelected)
	from := v.tail.total
	if v.tail.addTensor(v.size, isSelected); isSide {
		v.sides.leave(from, v.tail.total)
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
			v.endData()
			if v.place = inOutput; v.isTranscoded {
				v.place = inJSONContents
			}
		}
		return
	}
	if !v.isElement {
		return
	}
	switch value {
	case json.String:
		v.endString()
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

// endData ends the elements of an output.
func (v *v2) endData() {
	if v.isRead {
		v.tensor.endOutput()
	}
	if v.isSide {
		v.sides.end()
	}
}

func (v *v2) endString() {
	switch {
	case !v.isTranscoded:
		v.tensor.endBytes()
	case v.tensor.datatype == bytesType:
		if !v.base64.end() {
			v.tensor.invalidate()
		}
		v.tensor.endBytes()
	default:
		value, ok := v.integer()
		if !ok {
			v.tensor.invalidate()
		}
		v.tensor.addInteger(value)
	}
}

func (v *v2) endNumber() {
	if v.elements.isFloat() {
		number, ok := v.reader.Float()
		v.addFloat(number, ok)
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

func (v *v2) addFloat(number float64, ok bool) {
	if v.isSide {
		v.sides.add(number)
		v.sides.isBad = v.sides.isBad || !ok
	}
	if !v.isRead {
		return
	}
	if !ok {
		v.tensor.invalidate()
	}
	v.tensor.addFloat(number)
}

// write reads a chunk. The JSON reader has read the first jsonBytes; the rest
// is binary tensors.
func (v *v2) write(chunk []byte, jsonBytes int) {
	v.jsonBytes += jsonBytes
	if rest := chunk[jsonBytes:]; len(rest) > 0 {
		v.isBlank = v.isBlank && json.IsSpace(rest)
		v.tail.write(rest, &v.tensor, &v.sides)
	}
}

// close ends the outputs, and returns the number of predictions in them and
// whether they are valid.
func (v *v2) close() (answered int, isValid bool) {
	v.tail.close(&v.tensor)
	v.tensor.endSides(&v.sides)
	isAnswer := v.outputs == 0 || v.tensor.selected != unranked
	return v.tensor.predictions, v.isValid && v.tensor.isValid && isAnswer
}

// checkTail compares the bytes after the JSON with the sizes in the outputs and
// with the header, and returns OutcomeCounted if all agree. Until the reply
// ends, the only sign of the first tensor is the end of the JSON. So a reply
// with tensors must not have white space between the two.
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

// isDone reports whether outputs has ended.
func (v *v2) isDone() bool { return v.place == atOutputs }
