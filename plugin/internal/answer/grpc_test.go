package answer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/moodring/moodring/contract"
)

// schema is the part of open_inference_grpc.proto for ModelInferResponse: one
// line for each message, with the name, type and number of each field.
const schema = `InferParameter bool_param:bool=1 int64_param:int64=2 string_param:string=3 double_param:double=4 uint64_param:uint64=5
InferTensorContents bool_contents:bool*=1 int_contents:int32*=2 int64_contents:int64*=3 uint_contents:uint32*=4 uint64_contents:uint64*=5 fp32_contents:float*=6 fp64_contents:double*=7 bytes_contents:bytes*=8
ParametersEntry key:string=1 value:InferParameter=2
InferOutputTensor name:string=1 datatype:string=2 shape:int64*=3 parameters:ParametersEntry*=4 contents:InferTensorContents=5
ModelInferResponse model_name:string=1 model_version:string=2 id:string=3 parameters:ParametersEntry*=4 outputs:InferOutputTensor*=5 raw_output_contents:bytes*=6`

// response returns the descriptor of ModelInferResponse.
func response(t testing.TB) protoreflect.MessageDescriptor {
	t.Helper()
	types := map[string]descriptorpb.FieldDescriptorProto_Type{
		"bool": descriptorpb.FieldDescriptorProto_TYPE_BOOL, "string": descriptorpb.FieldDescriptorProto_TYPE_STRING,
		"bytes": descriptorpb.FieldDescriptorProto_TYPE_BYTES, "int32": descriptorpb.FieldDescriptorProto_TYPE_INT32,
		"int64": descriptorpb.FieldDescriptorProto_TYPE_INT64, "uint32": descriptorpb.FieldDescriptorProto_TYPE_UINT32,
		"uint64": descriptorpb.FieldDescriptorProto_TYPE_UINT64, "float": descriptorpb.FieldDescriptorProto_TYPE_FLOAT,
		"double": descriptorpb.FieldDescriptorProto_TYPE_DOUBLE,
	}
	file := &descriptorpb.FileDescriptorProto{Name: proto.String("inference.proto"), Package: proto.String("inference"), Syntax: proto.String("proto3")}
	for _, line := range strings.Split(schema, "\n") {
		words := strings.Fields(line)
		message := &descriptorpb.DescriptorProto{Name: proto.String(words[0])}
		for _, word := range words[1:] {
			name, rest, _ := strings.Cut(word, ":")
			of, number, _ := strings.Cut(rest, "=")
			field := &descriptorpb.FieldDescriptorProto{Name: proto.String(name), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
			if of, isRepeated := strings.CutSuffix(of, "*"); isRepeated {
				field.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
				field.TypeName = proto.String(".inference." + of)
			} else {
				field.TypeName = proto.String(".inference." + of)
			}
			if scalar, isScalar := types[strings.TrimSuffix(of, "*")]; isScalar {
				field.Type, field.TypeName = scalar.Enum(), nil
			} else {
				field.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
			}
			n, err := strconv.Atoi(number)
			if err != nil {
				t.Fatal(err)
			}
			field.Number = proto.Int32(int32(n))
			message.Field = append(message.Field, field)
		}
		file.MessageType = append(file.MessageType, message)
	}
	built, err := protodesc.NewFile(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return built.Messages().ByName("ModelInferResponse")
}

// frame returns a gRPC frame with the message.
func frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}

// join concatenates chunks.
func join(chunks ...[]byte) []byte { return bytes.Join(chunks, nil) }

// field encodes a field of a protocol buffer: strings and bytes unchanged,
// several numbers packed.
func field(number protowire.Number, value any) []byte {
	switch value := value.(type) {
	case string:
		return protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), value)
	case []byte:
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), value)
	case int:
		return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), uint64(value))
	case float32:
		return protowire.AppendFixed32(protowire.AppendTag(nil, number, protowire.Fixed32Type), math.Float32bits(value))
	case float64:
		return protowire.AppendFixed64(protowire.AppendTag(nil, number, protowire.Fixed64Type), math.Float64bits(value))
	case []int:
		var packed []byte
		for _, one := range value {
			packed = protowire.AppendVarint(packed, uint64(one))
		}
		return field(number, packed)
	case []float32:
		return field(number, littleEndian(value))
	case []float64:
		return field(number, littleEndian(value))
	}
	panic(fmt.Sprintf("field of %T", value))
}

// grpcTensor returns an InferOutputTensor, without contents if none are given.
func grpcTensor(name, datatype string, shape []int, contents ...[]byte) []byte {
	tensor := join(field(1, name), field(2, datatype), field(3, shape))
	if contents != nil {
		tensor = append(tensor, field(5, join(contents...))...)
	}
	return field(5, tensor)
}

func TestGRPC(t *testing.T) {
	const (
		counted   = contract.OutcomeCounted
		empty     = contract.OutcomeNoPredictions
		unparsed  = contract.OutcomeUnparsed
		truncated = contract.OutcomeTruncated
	)
	classes := Options{Answer: Class, Classes: []string{"no", "yes"}}
	names := join(field(1, "m"), field(2, "7"), field(3, "id"))
	labelled := grpcTensor("label", "BYTES", []int{2}, field(8, "joy"), field(8, ""))
	indexed := grpcTensor("index", "INT64", []int{2}, field(3, []int{3, -1}))
	scored := grpcTensor("scores", "FP32", []int{1, 2}, field(6, []float32{0.25, 0.75}))
	parameters := field(4, join(field(1, "k"), field(2, field(3, "v"))))
	tests := []struct {
		name    string
		options Options
		body    []byte
		outcome string
		answers []string
	}{
		{"labels", Options{}, frame(join(names, labelled)), counted, []string{"joy", ""}},
		{"class indices", Options{}, frame(indexed), counted, []string{"3", "-1"}},
		{"class indices of 32 bits", classes, frame(grpcTensor("o", "INT8", []int{3}, field(2, []int{1, -5, 0}))), counted, []string{"yes", "-5", "no"}},
		{"unsigned numbers", Options{Answer: Class}, frame(grpcTensor("o", "UINT16", []int{2, 1}, field(4, []int{1, 4294967295}))), counted, []string{"1", "4294967295"}},
		{"unsigned numbers of 64 bits", Options{Answer: Class}, frame(grpcTensor("o", "UINT64", []int{1}, field(5, []int{1 << 53}))), counted, []string{"9007199254740992"}},
		{"booleans", classes, frame(grpcTensor("o", "BOOL", []int{3}, field(1, []int{1, 0, 1}))), counted, []string{"yes", "no", "yes"}},
		{"scores", Options{Margins: true, Scores: true}, frame(scored), counted, []string{"score 0 0.25", "score 1 0.75", "1 0.75 by 0.5"}},
		{"scores of 64 bits", Options{}, frame(grpcTensor("o", "FP64", []int{1, 2}, field(7, []float64{0.9, 0.1}))), counted, []string{"0 0.9"}},
		{"unpacked numbers", Options{Answer: Class}, frame(field(5, join(field(2, "FP32"), field(3, 1), field(3, 2), field(5, join(field(6, float32(1)), field(6, float32(2))))))), counted, []string{"1 2"}},
		{"unpacked numbers of 64 bits", Options{Answer: Class}, frame(field(5, join(field(2, "FP64"), field(3, []int{1}), field(3, 2), field(5, join(field(7, 1.0), field(7, []float64{2})))))), counted, []string{"1 2"}},
		{"contents in two parts", Options{}, frame(field(5, join(field(2, "INT32"), field(3, []int{2}), field(5, field(2, 7)), field(5, field(2, []int{8}))))), counted, []string{"7", "8"}},
		{"a scalar", Options{}, frame(field(5, join(field(2, "INT32"), field(5, field(2, 7))))), counted, []string{"7"}},
		{"JSON in an element", Options{}, frame(grpcTensor("o", "BYTES", []int{1, 1}, field(8, `{"label": "a", "score": 0.5}`))), counted, []string{"a 0.5"}},
		{"the last of strings", Options{Output: "o"}, frame(field(5, join(field(1, "p"), field(1, "o"), field(2, "FP32"), field(2, "BYTES"), field(3, 1), field(5, field(8, "a"))))), counted, []string{"a"}},

		{"the best of several", Options{}, frame(join(scored, indexed, labelled, indexed)), counted, []string{"joy", ""}},
		{"the output named in the options", Options{Output: "scores"}, frame(join(labelled, scored)), counted, []string{"1 0.75"}},
		{"raw contents", Options{}, frame(join(names, grpcTensor("s", "FP32", []int{1, 2}), grpcTensor("t", "BYTES", []int{2}), grpcTensor("i", "INT8", []int{1}),
			field(6, littleEndian(float32(1), float32(2))), field(6, littleEndian("joy", "")), field(6, []byte{9}))), counted, []string{"joy", ""}},
		{"raw contents of 16 bits", Options{Answer: Class}, frame(join(grpcTensor("s", "FP16", []int{1, 2}), field(6, littleEndian(uint16(0x3c00), uint16(0x4000))))), counted, []string{"1 2"}},
		{"raw contents of some outputs only", Options{}, frame(join(scored, grpcTensor("i", "INT8", []int{1}), field(6, []byte{9}))), counted, []string{"9"}},
		{"contents of a higher rank than raw contents", Options{}, frame(join(grpcTensor("i", "INT8", []int{1}), labelled, field(6, []byte{9}))), counted, []string{"joy", ""}},
		{"unknown parameters and fields", Options{}, frame(join(parameters, field(99, 7), field(98, 1.5), field(97, float32(1)), field(1, 7), field(5, 7),
			field(5, join(parameters, field(1, "o"), field(2, "INT8"), field(9, "x"), field(3, []int{1}), parameters, field(5, join(field(3, 5), field(2, 7), field(2, float32(1)), field(8, "x"))))))), counted, []string{"7"}},
		{"groups", Options{}, frame(join([]byte{0x7b}, field(5, "x"), []byte{0x8b, 0x01}, field(1, 1), []byte{0x8c, 0x01, 0x7c}, indexed)), counted, []string{"3", "-1"}},
		{"several messages", Options{}, join(frame(indexed), frame(nil), frame(join(labelled, scored, indexed))), counted, []string{"3", "-1", "3", "-1"}},

		{"no outputs", Options{}, frame(names), empty, nil},
		{"an empty message", Options{}, frame(nil), empty, nil},
		{"an empty batch", Options{}, frame(grpcTensor("o", "BYTES", []int{0}, []byte{})), empty, nil},
		{"an empty batch without contents", Options{}, frame(grpcTensor("o", "BYTES", []int{0})), empty, nil},
		{"an empty batch of raw contents", Options{}, frame(join(grpcTensor("o", "BYTES", []int{0}), field(6, ""))), empty, nil},

		{"compressed", Options{}, append([]byte{1}, frame(labelled)[1:]...), contract.OutcomeEncoded, nil},
		{"a bad flag", Options{}, append([]byte{2}, frame(labelled)[1:]...), unparsed, nil},
		{"messages of other outputs", Options{}, join(frame(labelled), frame(indexed)), unparsed, nil},
		{"an invalid message", Options{}, join(frame(grpcTensor("o", "FP8", []int{1})), frame(labelled)), unparsed, nil},
		{"no contents", Options{}, frame(grpcTensor("o", "BYTES", []int{1})), unparsed, nil},
		{"raw contents before outputs", Options{}, frame(join(field(6, []byte{9}), grpcTensor("i", "INT8", []int{1}))), unparsed, nil},
		{"contents before the shape", Options{}, frame(field(5, join(field(2, "INT32"), field(5, field(2, 7)), field(3, []int{1})))), unparsed, nil},
		{"contents, then a datatype", Options{}, frame(field(5, join(field(3, 1), field(5, field(2, 7)), field(2, "INT32")))), unparsed, nil},
		{"contents before and after the datatype", Options{}, frame(field(5, join(field(3, 1), field(5, field(2, 7)), field(2, "INT32"), field(5, field(2, 7))))), unparsed, nil},
		{"contents before the name, which matters", Options{Output: "o"}, frame(field(5, join(field(1, "o"), field(2, "INT32"), field(3, 1), field(5, field(2, 7)), field(1, "p")))), unparsed, nil},
		{"contents of another datatype", Options{}, frame(grpcTensor("o", "INT32", []int{1}, field(3, []int{1}))), unparsed, nil},
		{"contents of 16 bits", Options{}, frame(grpcTensor("o", "FP16", []int{1, 2}, field(6, []float32{1, 2}))), unparsed, nil},
		{"too few elements", Options{}, frame(grpcTensor("o", "BYTES", []int{2}, field(8, "a"))), unparsed, nil},
		{"too many elements", Options{}, frame(grpcTensor("o", "INT32", []int{1}, field(2, []int{1, 2}))), unparsed, nil},
		{"raw contents of the wrong size", Options{}, frame(join(grpcTensor("i", "INT16", []int{1}), field(6, []byte{9}))), unparsed, nil},
		{"a negative dimension", Options{}, frame(grpcTensor("o", "BYTES", []int{-1}, field(8, "a"))), unparsed, nil},
		{"not a number", Options{}, frame(grpcTensor("o", "FP32", []int{1, 2}, field(6, []float32{1, float32(math.NaN())}))), unparsed, nil},
		{"a regression", Options{}, frame(grpcTensor("o", "FP64", []int{1}, field(7, []float64{1.5}))), unparsed, nil},
		{"a field of number 0", Options{}, frame([]byte{0x00, 0x01}), unparsed, nil},
		{"a field of an unknown wire type", Options{}, frame([]byte{0x0f, 0x01}), unparsed, nil},
		{"a number past 64 bits", Options{}, frame(append([]byte{0x78}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02)), unparsed, nil},
		{"a field past its message", Options{}, frame([]byte{0x0a, 0x05, 'a'}), unparsed, nil},
		{"a number past its message", Options{}, frame([]byte{0x78, 0x80}), unparsed, nil},
		{"a packed number past its field", Options{}, frame(field(5, []byte{0x1a, 0x01, 0x80})), unparsed, nil},
		{"half a packed float", Options{}, frame(grpcTensor("o", "FP32", []int{1, 1, 2}, field(6, []byte{0, 0}))), unparsed, nil},
		{"a group without an end", Options{}, frame([]byte{0x7b}), unparsed, nil},
		{"a group with another group's end", Options{}, frame([]byte{0x7b, 0x84, 0x01}), unparsed, nil},
		{"a group without a beginning", Options{}, frame([]byte{0x7c}), unparsed, nil},
		{"groups too deep", Options{}, frame(bytes.Repeat([]byte{0x7b}, 100)), unparsed, nil},

		{"nothing", Options{}, nil, truncated, nil},
		{"cut in a prefix", Options{}, frame(labelled)[:3], truncated, nil},
		{"cut in a message", Options{}, frame(labelled)[:20], truncated, nil},
		{"cut in a second prefix", Options{}, append(frame(labelled), 0), truncated, nil},
	}
	of := response(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outcome, answers := checkGRPC(t, of, &test.options, test.body)
			if outcome != test.outcome {
				t.Errorf("outcome %s, want %s", outcome, test.outcome)
			}
			if diff := cmp.Diff(test.answers, answers); diff != "" && outcome == counted {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			for at := range test.body {
				if cutOutcome, cut := scanGRPC(&test.options, test.body[:at], test.body[at:]); cutOutcome != outcome || !cmp.Equal(cut, answers) {
					t.Errorf("cut at %d: %s %q", at, cutOutcome, cut)
				}
			}
			if singleOutcome, single := scanGRPC(&test.options, bytesOf(test.body)...); singleOutcome != outcome || !cmp.Equal(single, answers) {
				t.Errorf("in single bytes: %s %q", singleOutcome, single)
			}
		})
	}
}

func TestGRPCNamesModelAndVersion(t *testing.T) {
	var (
		scanner Scanner
		found   namedLog
	)
	scanner.Reset(GRPC, &Options{}, &found)
	scanner.Write(frame(join(field(1, "m"), field(2, "7"))))
	scanner.Close(0)
	if diff := cmp.Diff([]string{"model m", "version 7"}, found.names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGRPCAllocatesNothing(t *testing.T) {
	body := frame(join(field(1, "m"), field(2, "7"), grpcTensor("s", "FP32", []int{1, 2}, field(6, []float32{1, 2})), grpcTensor("t", "BYTES", []int{2}),
		field(6, littleEndian("joy", "love"))))
	var (
		scanner Scanner
		options Options
	)
	allocations := testing.AllocsPerRun(100, func() {
		scanner.Reset(GRPC, &options, discard{})
		scanner.Write(body)
		if outcome := scanner.Close(0); outcome != contract.OutcomeCounted {
			t.Fatal(outcome)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations per reply, want 0", allocations)
	}
}

func scanGRPC(options *Options, chunks ...[]byte) (outcome string, answers []string) {
	var (
		scanner Scanner
		found   log
	)
	scanner.Reset(GRPC, options, &found)
	for _, chunk := range chunks {
		scanner.Write(chunk)
	}
	return result(&scanner, 0), found
}

// checkGRPC compares the scanner with the protobuf library, for all messages
// that the library decodes. Fields in another order than servers write may be
// unparsed.
func checkGRPC(t *testing.T, of protoreflect.MessageDescriptor, options *Options, body []byte) (outcome string, answers []string) {
	t.Helper()
	outcome, answers = scanGRPC(options, body)
	want := decodeGRPC(of, options, body)
	switch {
	case !want.isDecoded, !want.isCanonical && outcome == contract.OutcomeUnparsed:
	case outcome != want.outcome:
		t.Fatalf("%+v %q\noutcome %s, protobuf has %s", options, body, outcome, want.outcome)
	case outcome == contract.OutcomeCounted && !want.hasInvalidUTF8 && !cmp.Equal(answers, want.answers):
		t.Fatalf("%+v %q\nanswers %q, protobuf has %q", options, body, answers, want.answers)
	}
	return outcome, answers
}

// grpcReference is the reference reading, by the protobuf library.
type grpcReference struct {
	reference
	outcome     string
	isDecoded   bool // the library decodes every message
	isCanonical bool // the library would write the same bytes
}

func decodeGRPC(of protoreflect.MessageDescriptor, options *Options, body []byte) grpcReference {
	r := grpcReference{reference: reference{options: options}, isDecoded: true, isCanonical: true}
	wanted, isValid, messages := unranked, true, 0
	for ; len(body) > 0; messages++ {
		if body[0] > 1 && len(body) >= 5 {
			r.outcome = contract.OutcomeUnparsed
			return r
		}
		if body[0] == 1 && len(body) >= 5 {
			r.outcome = contract.OutcomeEncoded
			return r
		}
		length := uint64(0)
		if len(body) >= 5 {
			length = uint64(binary.BigEndian.Uint32(body[1:]))
		}
		if uint64(len(body)) < 5+length || len(body) < 5 {
			// The part of the message so far may be invalid already.
			r.outcome, r.isDecoded = contract.OutcomeTruncated, len(body) <= 5
			return r
		}
		message := dynamicpb.NewMessage(of)
		if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body[5:5+length], message); err != nil {
			r.isDecoded = false
			return r
		}
		usual, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		r.isCanonical = r.isCanonical && err == nil && bytes.Equal(usual, body[5:5+length])
		isValid = r.response(message, &wanted) && isValid
		body = body[5+length:]
	}
	switch {
	case messages == 0:
		r.outcome = contract.OutcomeTruncated
	case !isValid:
		r.outcome = contract.OutcomeUnparsed
	case r.answered == 0:
		r.outcome = contract.OutcomeNoPredictions
	case !r.isSupported():
		r.outcome = contract.OutcomeUnparsed
	default:
		r.outcome = contract.OutcomeCounted
	}
	return r
}

func (r *grpcReference) response(message protoreflect.Message, wanted *rank) bool {
	get := func(of protoreflect.Message, name string) protoreflect.Value {
		return of.Get(of.Descriptor().Fields().ByName(protoreflect.Name(name)))
	}
	outputs, raws := get(message, "outputs").List(), get(message, "raw_output_contents").List()
	before := r.reference
	chosen, isValid, pending := unranked, true, 0
	for i := range outputs.Len() {
		output := outputs.Get(i).Message()
		datatype := get(output, "datatype").String()
		shape, isShape := dimensions(get(output, "shape").List())
		var elements []any
		if output.Has(output.Descriptor().Fields().ByName("contents")) {
			elements = contents(datatype, get(output, "contents").Message())
		} else {
			if pending < raws.Len() {
				elements = listOf(datatype, raws.Get(pending).Bytes())
			}
			pending++
		}
		found := rankOf(r.options, datatype, shape)
		isNamed := r.options.Output == "" || r.options.Output == get(output, "name").String()
		if !isShape || !isNamed || found <= chosen || *wanted != unranked && found != *wanted {
			continue
		}
		chosen = found
		if chosen == found {
			r.reference = before
			r.answers = slices.Clone(before.answers)
		}
		isValid = r.elements(found, datatype, shape, elements)
	}
	if chosen != unranked {
		*wanted = chosen
	}
	return isValid && (chosen != unranked || outputs.Len() == 0)
}

func dimensions(list protoreflect.List) (shape []uint64, ok bool) {
	ok = true
	for i := range list.Len() {
		shape = append(shape, uint64(list.Get(i).Int()))
		ok = ok && list.Get(i).Int() >= 0
	}
	return shape, ok
}

// contents returns the contents of a tensor as JSON values.
func contents(datatype string, message protoreflect.Message) (elements []any) {
	field := map[string]string{
		"BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents", "INT64": "int64_contents",
		"UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents", "UINT64": "uint64_contents",
		"FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
	}[datatype]
	if field == "" {
		return nil
	}
	list := message.Get(message.Descriptor().Fields().ByName(protoreflect.Name(field))).List()
	for i := range list.Len() {
		switch value := list.Get(i).Interface().(type) {
		case float32:
			elements = append(elements, floatOf(float64(value)))
		case float64:
			elements = append(elements, floatOf(value))
		case bool:
			elements = append(elements, value)
		case []byte:
			elements = append(elements, string(value))
		default:
			elements = append(elements, json.Number(fmt.Sprint(value)))
		}
	}
	return elements
}

// grpc writes a gRPC reply.
func (g *generator) grpc() []byte {
	var body []byte
	for range 1 + g.IntN(12)/11 {
		var message, raw []byte
		for range g.IntN(3) {
			message = append(message, g.pick(string(field(1, "m")), string(field(2, "")), string(field(4, field(1, "k"))), string(field(20, 7)))...)
		}
		for range g.IntN(4) {
			output, contents := g.grpcOutput()
			message, raw = append(message, output...), append(raw, contents...)
		}
		body = append(body, frame(append(message, raw...))...)
	}
	return body
}

// grpcOutput writes an output, and separately its contents if they are raw.
func (g *generator) grpcOutput() (output, raw []byte) {
	datatype := g.pick("BYTES", "FP32", "FP64", "FP16", "INT64", "INT32", "INT8", "UINT8", "UINT32", "UINT64", "BOOL")
	shape := [][]int{{0}, {1}, {2}, {2, 1}, {1, 3}, {2, 3}, {2, 0}, {}, {1, -1}}[g.IntN(36)/4]
	n := 1
	for _, length := range shape {
		n *= length
	}
	n = max(0, n+g.IntN(41)/40)
	data := g.tensor(datatype, n)
	if datatype == "FP16" || g.IntN(3) == 0 {
		return grpcTensor(g.pick("a", "b"), datatype, shape), field(6, data)
	}
	return grpcTensor(g.pick("a", "b"), datatype, shape, g.contents(datatype, data)), nil
}

// contents converts binary data to InferTensorContents.
func (g *generator) contents(of string, data []byte) []byte {
	number, _, _ := contentsOf(map[string]datatype{
		"BOOL": boolType, "INT8": int8Type, "INT32": int32Type, "INT64": int64Type, "UINT8": uint8Type, "UINT32": uint32Type,
		"UINT64": uint64Type, "FP32": fp32Type, "FP64": fp64Type, "BYTES": bytesType,
	}[of])
	var written []byte
	var numbers []int
	for _, element := range listOf(of, data) {
		switch value := element.(type) {
		case string:
			written = append(written, field(protowire.Number(number), value)...)
		case bool:
			numbers = append(numbers, map[bool]int{true: 1}[value])
		case json.Number:
			if signed, err := strconv.ParseInt(string(value), 10, 64); err == nil {
				numbers = append(numbers, int(signed))
			} else if unsigned, err := strconv.ParseUint(string(value), 10, 64); err == nil {
				numbers = append(numbers, int(unsigned))
			}
		}
	}
	switch of {
	case "BYTES":
		return written
	case "FP32", "FP64":
		return field(protowire.Number(number), data)
	}
	if g.IntN(3) == 0 {
		for _, one := range numbers {
			written = append(written, field(protowire.Number(number), one)...)
		}
		return written
	}
	return field(protowire.Number(number), numbers)
}

// TestGeneratedGRPC compares the scanner with the protobuf library, for replies
// whole, cut in two, and with one byte changed.
func TestGeneratedGRPC(t *testing.T) {
	of := response(t)
	g := generator{Rand: rand.New(rand.NewPCG(7, 8))}
	outcomes := map[string]int{}
	for range 10000 {
		body := g.grpc()
		switch g.IntN(20) {
		case 0, 1:
			body[g.IntN(len(body))] = byte(g.Uint32())
		case 2:
			body = body[:1+g.IntN(len(body))]
		}
		options := v2OptionsOf(byte(g.IntN(256)))
		outcome, answers := checkGRPC(t, of, options, body)
		outcomes[outcome]++
		at := g.IntN(len(body))
		if cutOutcome, cut := scanGRPC(options, body[:at], body[at:]); cutOutcome != outcome || !cmp.Equal(cut, answers) {
			t.Fatalf("%q\ncut at %d: %s %q, want %s %q", body, at, cutOutcome, cut, outcome, answers)
		}
	}
	for _, outcome := range []string{contract.OutcomeCounted, contract.OutcomeUnparsed, contract.OutcomeTruncated, contract.OutcomeNoPredictions} {
		if outcomes[outcome] < 100 {
			t.Errorf("%d replies are %s: too few for a test", outcomes[outcome], outcome)
		}
	}
}

// FuzzGRPC checks that cuts do not change the outcome, and that the scanner
// agrees with the protobuf library wherever the library decodes the messages.
func FuzzGRPC(f *testing.F) {
	of := response(f)
	g := generator{Rand: rand.New(rand.NewPCG(9, 10))}
	for i := range 30 {
		f.Add(g.grpc(), 7*i, byte(i*37))
	}
	f.Add(frame(join([]byte{0x7b}, field(5, "x"), []byte{0x8b, 0x01}, field(1, 1), []byte{0x8c, 0x01, 0x7c})), 6, byte(0))
	f.Fuzz(func(t *testing.T, body []byte, at int, choice byte) {
		options := v2OptionsOf(choice)
		outcome, answers := checkGRPC(t, of, options, body)
		at = min(max(at, 0), len(body))
		if cutOutcome, cut := scanGRPC(options, body[:at], body[at:]); cutOutcome != outcome || !cmp.Equal(cut, answers) {
			t.Fatalf("cut at %d: %s %q, want %s %q", at, cutOutcome, cut, outcome, answers)
		}
	})
}

func BenchmarkGRPC(b *testing.B) {
	scores, indices, labels := make([]float32, 1<<18/6*6), make([]int, 1<<20), bytes.Repeat(field(8, "joy"), 1<<20/5)
	of := response(b)
	for _, one := range []struct {
		name    string
		message []byte
	}{
		{"small", grpcTensor("label", "BYTES", []int{2}, field(8, "joy"), field(8, "love"))},
		{"scores", grpcTensor("o", "FP32", []int{len(scores) / 6, 6}, field(6, scores))},
		{"raw scores", join(grpcTensor("o", "FP32", []int{len(scores) / 6, 6}), field(6, littleEndian(scores)))},
		{"indices", grpcTensor("o", "INT64", []int{len(indices)}, field(3, indices))},
		{"labels", grpcTensor("o", "BYTES", []int{len(labels) / 5}, labels)},
	} {
		b.Run(one.name+"/scanner", func(b *testing.B) { benchmarkScanner(b, GRPC, 0, frame(one.message), Options{}) })
		b.Run(one.name+"/protobuf", func(b *testing.B) {
			b.SetBytes(int64(len(one.message)))
			for b.Loop() {
				if err := proto.Unmarshal(one.message, dynamicpb.NewMessage(of)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
