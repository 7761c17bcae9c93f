package answer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/x448/float16"

	"github.com/moodring/moodring/contract"
)

// binaryOutput returns the header of an output whose tensor follows the JSON.
func binaryOutput(name, datatype, shape string, size int) string {
	return fmt.Sprintf(`{"name":%q,"shape":%s,"datatype":%q,"parameters":{"binary_data_size":%d}}`, name, shape, datatype, size)
}

// littleEndian encodes values as a binary tensor. Strings are elements of
// BYTES.
func littleEndian(values ...any) []byte {
	var data []byte
	for _, value := range values {
		switch value := value.(type) {
		case string:
			data = binary.LittleEndian.AppendUint32(data, uint32(len(value)))
			data = append(data, value...)
		default:
			data, _ = binary.Append(data, binary.LittleEndian, value)
		}
	}
	return data
}

func TestBinary(t *testing.T) {
	const (
		counted   = contract.OutcomeCounted
		empty     = contract.OutcomeNoPredictions
		unparsed  = contract.OutcomeUnparsed
		truncated = contract.OutcomeTruncated
	)
	classes := Options{Answer: Class, Classes: []string{"no", "yes"}}
	text := littleEndian("joy", "")
	tests := []struct {
		name    string
		options Options
		json    string
		tail    []byte
		outcome string
		answers []string
	}{
		{"labels", Options{}, outputs(binaryOutput("o", "BYTES", "[2]", len(text))), text, counted, []string{"joy", ""}},
		{"class indices", classes, outputs(binaryOutput("o", "INT64", "[3]", 24)), littleEndian(int64(1), int64(0), int64(-2)), counted, []string{"yes", "no", "-2"}},
		{"class indices of 64 bits", Options{Answer: Class}, outputs(binaryOutput("o", "UINT64", "[1]", 8)), littleEndian(uint64(math.MaxInt64)), counted, []string{"9223372036854775807"}},
		{"class indices of 32 bits", Options{}, outputs(binaryOutput("o", "INT32", "[2,1]", 8)), littleEndian(int32(-1), int32(7)), counted, []string{"-1", "7"}},
		{"class indices of 16 bits", Options{Answer: Class}, outputs(binaryOutput("o", "UINT16", "[1]", 2)), littleEndian(uint16(65535)), counted, []string{"65535"}},
		{"class indices of 8 bits", Options{Answer: Class}, outputs(binaryOutput("o", "INT8", "[2]", 2)), littleEndian(int8(-128), int8(127)), counted, []string{"-128", "127"}},
		{"booleans", classes, outputs(binaryOutput("o", "BOOL", "[3]", 3)), []byte{1, 0, 255}, counted, []string{"yes", "no", "yes"}},
		{"scores", Options{Answer: Class, Margins: true}, outputs(binaryOutput("o", "FP32", "[2,2]", 16)), littleEndian(float32(0.25), float32(0.75), float32(3), float32(-1)), counted, []string{"1 0.75 by 0.5", "0 3 by 4"}},
		{"scores of 64 bits", Options{}, outputs(binaryOutput("o", "FP64", "[1,2]", 16)), littleEndian(0.1, 0.9), counted, []string{"1 0.9"}},
		{"scores of 16 bits", Options{Answer: Class}, outputs(binaryOutput("o", "FP16", "[1,3]", 6)), littleEndian(uint16(0x3555), uint16(0x3c00), uint16(0xc000)), counted, []string{"1 1"}},
		{"scores in bfloat16", Options{Answer: Class}, outputs(binaryOutput("o", "BF16", "[1,2]", 4)), littleEndian(uint16(0xbf80), uint16(0x3f00)), counted, []string{"1 0.5"}},
		{"whole scores", Options{}, outputs(binaryOutput("o", "UINT8", "[1,2]", 2)), []byte{3, 200}, counted, []string{"1 200"}},
		{"JSON in an element", Options{}, outputs(binaryOutput("o", "BYTES", "[1,1]", 33)), littleEndian(`{"label": "a", "score": 0.99}`), counted, []string{"a 0.99"}},

		{"the best of several", Options{}, outputs(binaryOutput("s", "FP32", "[1,2]", 8), binaryOutput("t", "BYTES", "[2]", len(text)), binaryOutput("i", "INT8", "[1]", 1)),
			append(append(littleEndian(float32(1), float32(2)), text...), 9), counted, []string{"joy", ""}},
		{"the output named in the options", Options{Output: "s"}, outputs(binaryOutput("t", "BYTES", "[2]", len(text)), binaryOutput("s", "FP32", "[1,2]", 8)),
			append(bytes.Clone(text), littleEndian(float32(1), float32(2))...), counted, []string{"1 2"}},
		{"of a higher rank than the JSON", Options{}, outputs(indexOutput, binaryOutput("t", "BYTES", "[2]", len(text))), text, counted, []string{"joy", ""}},
		{"of a lower rank than the JSON behind", Options{}, outputs(binaryOutput("i", "INT8", "[1]", 1), bytesOutput), []byte{1}, counted, []string{"joy", "love"}},
		{"before JSON of its kind", Options{}, outputs(binaryOutput("t", "BYTES", "[2]", len(text)), bytesOutput), text, counted, []string{"joy", ""}},
		{"only JSON", Options{}, outputs(bytesOutput), nil, counted, []string{"joy", "love"}},
		{"white space after the JSON, and no tensors", Options{}, outputs(bytesOutput) + " \n", nil, counted, []string{"joy", "love"}},
		{"the header after the parameters", Options{Output: "o"}, outputs(`{"parameters":{"binary_data_size":1,"x":{"binary_data_size":2}},"datatype":"INT8","shape":[1],"name":"o"}`), []byte{7}, counted, []string{"7"}},
		{"null data", Options{}, outputs(`{"data":null,"datatype":"INT8","shape":[1],"parameters":{"binary_data_size":1}}`), []byte{7}, counted, []string{"7"}},
		{"data and a size", Options{}, outputs(`{"datatype":"INT8","shape":[1],"parameters":{"binary_data_size":1},"data":[3]}`), []byte{7}, counted, []string{"3"}},
		{"a size, replaced by null", Options{}, outputs(`{"datatype":"INT8","shape":[1],"parameters":{"binary_data_size":1,"binary_data_size":null},"data":[3]}`), nil, counted, []string{"3"}},
		{"duplicate outputs", Options{}, `{"outputs":[` + binaryOutput("o", "INT8", "[1]", 1) + `],"outputs":[` + binaryOutput("o", "INT8", "[2]", 2) + `]}`, []byte{7, 8}, counted, []string{"7", "8"}},

		{"an empty batch", Options{}, outputs(binaryOutput("o", "BYTES", "[0]", 0)), nil, empty, nil},
		{"too few elements", Options{}, outputs(binaryOutput("o", "INT8", "[2]", 1)), []byte{1}, unparsed, nil},
		{"too many elements", Options{}, outputs(binaryOutput("o", "INT8", "[1]", 2)), []byte{1, 2}, unparsed, nil},
		{"half an element", Options{}, outputs(binaryOutput("o", "INT16", "[1]", 3)), []byte{1, 2, 3}, unparsed, nil},
		{"half a length", Options{}, outputs(binaryOutput("o", "BYTES", "[1]", 3)), []byte{1, 0, 0}, unparsed, nil},
		{"an element too many, cut", Options{}, outputs(binaryOutput("o", "BYTES", "[1]", 10)), append(littleEndian("a"), 5, 0, 0, 0, 'x'), unparsed, nil},
		{"a text past its tensor", Options{}, outputs(binaryOutput("o", "BYTES", "[1]", 5), binaryOutput("p", "INT8", "[1]", 1)), []byte{2, 0, 0, 0, 'a', 'b'}, unparsed, nil},
		{"not a number", Options{}, outputs(binaryOutput("o", "FP32", "[1,2]", 8)), littleEndian(float32(1), float32(math.NaN())), unparsed, nil},
		{"not a number of 16 bits", Options{}, outputs(binaryOutput("o", "FP16", "[1,2]", 4)), littleEndian(uint16(0), uint16(0x7e00)), unparsed, nil},
		{"infinite", Options{}, outputs(binaryOutput("o", "BF16", "[1,2]", 4)), littleEndian(uint16(0), uint16(0xff80)), unparsed, nil},
		{"a regression", Options{}, outputs(binaryOutput("o", "FP32", "[1]", 4)), littleEndian(float32(1.5)), unparsed, nil},
		{"a size of another type", Options{}, outputs(bytesOutput, `{"parameters":{"binary_data_size":"1"}}`), nil, unparsed, nil},
		{"a negative size", Options{}, outputs(bytesOutput, binaryOutput("o", "INT8", "[1]", -1)), nil, unparsed, nil},
		{"a size in part", Options{}, outputs(bytesOutput, `{"parameters":{"binary_data_size":1.0}}`), []byte{1}, unparsed, nil},
		{"sizes past 64 bits", Options{}, outputs(bytesOutput, `{"parameters":{"binary_data_size":18446744073709551615}}`, `{"parameters":{"binary_data_size":2}}`), []byte{1}, truncated, nil},
		{"trailing bytes", Options{}, outputs(binaryOutput("o", "INT8", "[1]", 1)), []byte{1, 2}, unparsed, nil},
		{"white space after the JSON", Options{}, outputs(binaryOutput("i", "INT8", "[1]", 1)) + " \n", []byte{7}, unparsed, nil},
		{"white space in the place of a tensor", Options{}, outputs(binaryOutput("i", "INT8", "[1]", 1)) + "\n", nil, unparsed, nil},
		{"trailing bytes after V1", Options{}, `{"predictions":["a"]}`, []byte{1}, unparsed, nil},
		{"trailing bytes after no JSON", Options{}, `{"outputs`, []byte{1}, unparsed, nil},
		{"cut", Options{}, outputs(binaryOutput("o", "BYTES", "[2]", len(text))), text[:len(text)-1], truncated, nil},
		{"cut in an unread tensor", Options{}, outputs(bytesOutput, binaryOutput("o", "INT8", "[1]", 1)), nil, truncated, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := append([]byte(test.json), test.tail...)
			outcome, answers := checkBinary(t, &test.options, body, len(test.json))
			if outcome != test.outcome {
				t.Errorf("outcome %s, want %s", outcome, test.outcome)
			}
			if diff := cmp.Diff(test.answers, answers); diff != "" && outcome == counted {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			for at := range body {
				if cutOutcome, cut := scanBinary(&test.options, len(test.json), body[:at], body[at:]); cutOutcome != outcome || !cmp.Equal(cut, answers) {
					t.Errorf("cut at %d: %s %q", at, cutOutcome, cut)
				}
			}
			if singleOutcome, single := scanBinary(&test.options, len(test.json), bytesOf(body)...); singleOutcome != outcome || !cmp.Equal(single, answers) {
				t.Errorf("in single bytes: %s %q", singleOutcome, single)
			}
		})
	}
}

// bytesOf cuts a body into single bytes.
func bytesOf(body []byte) (chunks [][]byte) {
	for i := range body {
		chunks = append(chunks, body[i:i+1])
	}
	return chunks
}

func TestBinaryEndsInTheJSON(t *testing.T) {
	body := []byte(outputs(bytesOutput))
	if outcome, _ := scanBinary(&Options{}, len(body)+1, body); outcome != contract.OutcomeTruncated {
		t.Errorf("a reply shorter than its header says is %s, want truncated", outcome)
	}
}

func TestHalfFloat(t *testing.T) {
	for bits, want := range map[uint16]float64{
		0x0000: 0, 0x8000: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 0x1p-14, 0x03ff: 1023 * 0x1p-24, 0x0001: 0x1p-24, 0x3555: 0.333251953125,
		0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		if got := halfFloat(bits); got != want {
			t.Errorf("half(%#04x) = %v, want %v", bits, got, want)
		}
	}
	if got := halfFloat(0x7c01); !math.IsNaN(got) {
		t.Errorf("half(0x7c01) = %v, want NaN", got)
	}
}

// TestBinaryHeader checks headers that contradict the reply.
func TestBinaryHeader(t *testing.T) {
	binary, listed := outputs(binaryOutput("i", "INT8", "[1]", 1)), outputs(bytesOutput)
	both := outputs(`{"datatype":"INT8","shape":[1],"parameters":{"binary_data_size":1},"data":[3]}`)
	tests := []struct {
		name, body string
		jsonBytes  int
		outcome    string
	}{
		{"a tensor and no header", binary + "\x07", 0, contract.OutcomeUnparsed},
		{"a tensor like white space, and no header", binary + "\n", 0, contract.OutcomeUnparsed},
		{"a size, no tensor and no header", binary, 0, contract.OutcomeUnparsed},
		{"a size, data and no header", both, 0, contract.OutcomeCounted},
		{"white space and no header", listed + "\n", 0, contract.OutcomeCounted},
		{"a header that is too small", binary + "\x07", len(binary) - 1, contract.OutcomeUnparsed},
		{"a header that is too great", binary + "\x07", len(binary) + 1, contract.OutcomeUnparsed},
		{"a header greater than the reply", binary + "\x07", len(binary) + 2, contract.OutcomeTruncated},
		{"a header within the JSON, which is cut", listed[:40], 30, contract.OutcomeUnparsed},
		{"a header behind the JSON, which is cut", listed[:40], 50, contract.OutcomeTruncated},
		{"a header that includes white space", listed + " \n", len(listed) + 1, contract.OutcomeCounted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if outcome, _ := scanBinary(&Options{}, test.jsonBytes, []byte(test.body)); outcome != test.outcome {
				t.Errorf("outcome %s, want %s", outcome, test.outcome)
			}
		})
	}
}

func TestBinaryAllocatesNothing(t *testing.T) {
	header := outputs(binaryOutput("s", "FP32", "[1,2]", 8), binaryOutput("t", "BYTES", "[2]", 12))
	body := append([]byte(header), append(littleEndian(float32(1), float32(2)), littleEndian("joy", "a")...)...)
	var (
		scanner Scanner
		options Options
	)
	allocations := testing.AllocsPerRun(100, func() {
		scanner.Reset(V2, &options, discard{})
		scanner.Write(body)
		if outcome := scanner.Close(len(header)); outcome != contract.OutcomeCounted {
			t.Fatal(outcome)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations per reply, want 0", allocations)
	}
}

func scanBinary(options *Options, jsonBytes int, chunks ...[]byte) (outcome string, answers []string) {
	var (
		scanner Scanner
		found   log
	)
	scanner.Reset(V2, options, &found)
	for _, chunk := range chunks {
		scanner.Write(chunk)
	}
	return result(&scanner, jsonBytes), found
}

// checkBinary compares the scanner with a reference reading, which converts the
// binary tensors to JSON first.
func checkBinary(t *testing.T, options *Options, body []byte, jsonBytes int) (outcome string, answers []string) {
	t.Helper()
	outcome, answers = scanBinary(options, jsonBytes, body)
	wantOutcome, want, isOdd := decodeBinary(options, body[:jsonBytes], body[jsonBytes:])
	if outcome != wantOutcome {
		t.Fatalf("%+v %q\noutcome %s, the reference has %s", options, body, outcome, wantOutcome)
	}
	if outcome == contract.OutcomeCounted && !isOdd && utf8.Valid(body[:jsonBytes]) && !cmp.Equal(answers, want) {
		t.Fatalf("%+v %q\nanswers %q, the reference has %q", options, body, answers, want)
	}
	return outcome, answers
}

// decodeBinary is the reference reading of a reply whose tensors follow the
// JSON.
func decodeBinary(options *Options, text, tail []byte) (outcome string, answers []string, isOdd bool) {
	if !json.Valid(text) {
		return contract.OutcomeUnparsed, nil, false
	}
	reading := reference{options: options, isTail: true, tail: tail, tensors: tail}
	isValid := reading.reply(tree(text))
	isPadded := isWhite(text[len(text)-1])
	if !reading.isTruncated && len(reading.tail) == len(tail) && len(bytes.TrimLeft(tail, white)) == 0 {
		reading.tail, isPadded = nil, false // no tensors, and only white space after the JSON
	}
	switch {
	case isPadded: // white space hides the beginning of the tensors
		outcome = contract.OutcomeUnparsed
	case reading.isTruncated:
		outcome = contract.OutcomeTruncated
	case !isValid || len(reading.tail) > 0:
		outcome = contract.OutcomeUnparsed
	case reading.answered == 0:
		outcome = contract.OutcomeNoPredictions
	case !reading.isSupported():
		outcome = contract.OutcomeUnparsed
	default:
		outcome = contract.OutcomeCounted
	}
	return outcome, reading.answers, reading.hasInvalidUTF8
}

const white = " \t\r\n"

func isWhite(c byte) bool { return strings.IndexByte(white, c) >= 0 }

// sizeOf returns the binary_data_size of an output, or nil. ok is false for a
// value that is not a size.
func sizeOf(output members) (size *big.Int, ok bool) {
	parameters, _ := output.get("parameters")
	object, _ := parameters.(members)
	value, _ := object.get("binary_data_size")
	if value == nil {
		return nil, true
	}
	number, _ := value.(json.Number)
	bytes, err := strconv.ParseUint(string(number), 10, 64)
	if number == "-0" {
		err = nil
	}
	return new(big.Int).SetUint64(bytes), err == nil
}

// nextTensor cuts the next tensor off the tail.
func (r *reference) nextTensor(size *big.Int) []byte {
	n := len(r.tail)
	if size.Cmp(big.NewInt(int64(n))) > 0 {
		r.isTruncated = true
	} else {
		n = int(size.Int64())
	}
	data := r.tail[:n]
	r.tail = r.tail[n:]
	return data
}

// listOf converts a binary tensor to JSON values. Values without a form in JSON
// become nil.
func listOf(datatype string, data []byte) (elements []any) {
	if datatype == "BYTES" {
		return textsOf(data)
	}
	width := map[string]int{"BOOL": 1, "INT8": 1, "UINT8": 1, "INT16": 2, "UINT16": 2, "FP16": 2, "BF16": 2, "INT32": 4, "UINT32": 4, "FP32": 4}[datatype]
	if width == 0 {
		width = 8
	}
	for len(data) >= width {
		elements = append(elements, elementOf(datatype, data[:width]))
		data = data[width:]
	}
	if len(data) > 0 {
		elements = append(elements, nil)
	}
	return elements
}

func textsOf(data []byte) (elements []any) {
	for len(data) >= 4 {
		n := uint64(binary.LittleEndian.Uint32(data))
		data = data[4:]
		if n > uint64(len(data)) {
			return append(elements, nil)
		}
		elements = append(elements, string(data[:n]))
		data = data[n:]
	}
	if len(data) > 0 {
		elements = append(elements, nil)
	}
	return elements
}

func elementOf(datatype string, data []byte) any {
	whole := make([]byte, 8)
	copy(whole, data)
	bits := binary.LittleEndian.Uint64(whole)
	switch datatype {
	case "BOOL":
		return bits != 0
	case "INT8":
		return json.Number(strconv.FormatInt(int64(int8(bits)), 10))
	case "INT16":
		return json.Number(strconv.FormatInt(int64(int16(bits)), 10))
	case "INT32":
		return json.Number(strconv.FormatInt(int64(int32(bits)), 10))
	case "INT64":
		return json.Number(strconv.FormatInt(int64(bits), 10))
	case "FP16":
		return floatOf(float64(float16.Frombits(uint16(bits)).Float32()))
	case "BF16":
		return floatOf(float64(math.Float32frombits(uint32(bits) << 16)))
	case "FP32":
		return floatOf(float64(math.Float32frombits(uint32(bits))))
	case "FP64":
		return floatOf(math.Float64frombits(bits))
	}
	return json.Number(strconv.FormatUint(bits, 10))
}

func floatOf(value float64) any {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return nil
	}
	return json.Number(strconv.FormatFloat(value, 'g', -1, 64))
}

// binary writes a V2 reply with tensors after the JSON. Some outputs have their
// data in the JSON.
func (g *generator) binary() (text, tail []byte) {
	g.Reset()
	g.put(`{"outputs":`)
	g.list(1+g.IntN(3), func(int) {
		if g.IntN(4) == 0 {
			g.output()
			return
		}
		datatype := g.pick("BYTES", "FP32", "FP64", "FP16", "BF16", "INT64", "INT32", "INT16", "INT8", "UINT8", "UINT16", "UINT32", "UINT64", "BOOL")
		shape := [][]int{{0}, {1}, {2}, {2, 1}, {1, 3}, {2, 3}, {2, 0}}[g.IntN(7)]
		n := 1
		for _, length := range shape {
			n *= length
		}
		data := g.tensor(datatype, max(0, n+g.IntN(41)/40))
		size := max(0, len(data)-g.IntN(41)/40)
		g.WriteString(binaryOutput(g.pick("a", "b"), datatype, strings.ReplaceAll(fmt.Sprint(shape), " ", ","), size))
		tail = append(tail, data...)
	})
	g.put("}")
	return []byte(g.String()), tail
}

func (g *generator) tensor(datatype string, n int) []byte {
	var data []byte
	for range n {
		switch datatype {
		case "BYTES":
			text, err := strconv.Unquote(g.pick(`"joy"`, `""`, `"{0: 0.5, 1: 0.25}"`, `"0.5:1:fear"`, `"0.5:1"`, `"{\"label\":\"love\",\"score\":0.5}"`))
			if err != nil {
				panic(err)
			}
			data = append(data, littleEndian(text)...)
		case "FP32":
			data = append(data, littleEndian(float32(g.NormFloat64()))...)
		case "FP64":
			data = append(data, littleEndian(g.NormFloat64())...)
		case "FP16", "BF16", "INT16", "UINT16":
			data = append(data, littleEndian(uint16(g.IntN(1<<14)))...)
		case "INT32", "UINT32":
			data = append(data, littleEndian(g.Uint32())...)
		case "INT64", "UINT64":
			data = append(data, littleEndian(g.Uint64())...)
		default:
			data = append(data, byte(g.IntN(3)))
		}
	}
	return data
}

// TestGeneratedBinary compares the scanner with the reference reading, for
// replies whole, cut in two, and with one byte changed.
func TestGeneratedBinary(t *testing.T) {
	g := generator{Rand: rand.New(rand.NewPCG(5, 6))}
	outcomes := map[string]int{}
	for range 5000 {
		text, tail := g.binary()
		body := append(text, tail...)
		switch g.IntN(20) {
		case 0, 1:
			body[g.IntN(len(body))] = byte(g.Uint32())
		case 2:
			body = append(body[:len(body)-g.IntN(len(tail)+1)], make([]byte, g.IntN(2))...)
		}
		options := v2OptionsOf(byte(g.IntN(256)))
		outcome, answers := checkBinary(t, options, body, len(text))
		outcomes[outcome]++
		at := g.IntN(len(body))
		if cutOutcome, cut := scanBinary(options, len(text), body[:at], body[at:]); cutOutcome != outcome || !cmp.Equal(cut, answers) {
			t.Fatalf("%q\ncut at %d: %s %q, want %s %q", body, at, cutOutcome, cut, outcome, answers)
		}
	}
	for _, outcome := range []string{contract.OutcomeCounted, contract.OutcomeUnparsed, contract.OutcomeTruncated, contract.OutcomeNoPredictions} {
		if outcomes[outcome] < 40 {
			t.Errorf("%d replies are %s: too few for a test", outcomes[outcome], outcome)
		}
	}
}

// FuzzBinary checks that cuts do not change the outcome, and that the scanner
// agrees with the reference reading.
func FuzzBinary(f *testing.F) {
	for i, seed := range []struct {
		json string
		tail []byte
	}{
		{outputs(binaryOutput("a", "BYTES", "[2]", 11)), littleEndian("joy", "")},
		{outputs(binaryOutput("s", "FP32", "[1,2]", 8), indexOutput, binaryOutput("b", "BYTES", "[1]", 5)), append(littleEndian(float32(1), float32(2)), littleEndian("x")...)},
		{outputs(binaryOutput("i", "INT16", "[2,1]", 4), binaryOutput("h", "FP16", "[1,2]", 4)), littleEndian(int16(-1), int16(1), uint16(0x3c00), uint16(0xbc00))},
		{outputs(binaryOutput("u", "UINT64", "[1]", 8), bytesOutput), littleEndian(uint64(1 << 63))},
	} {
		f.Add([]byte(seed.json), seed.tail, 20*i, byte(i*37))
	}
	f.Fuzz(func(t *testing.T, text, tail []byte, at int, choice byte) {
		if len(text) == 0 || len(text) > maxNumberBytes {
			return
		}
		body := append(bytes.Clone(text), tail...)
		options := v2OptionsOf(choice)
		outcome, answers := checkBinary(t, options, body, len(text))
		at = min(max(at, 0), len(body))
		if cutOutcome, cut := scanBinary(options, len(text), body[:at], body[at:]); cutOutcome != outcome || !cmp.Equal(cut, answers) {
			t.Fatalf("cut at %d: %s %q, want %s %q", at, cutOutcome, cut, outcome, answers)
		}
	})
}

func BenchmarkBinary(b *testing.B) {
	scores, labels := make([]float32, 1<<18/6*6), strings.Repeat("\x03\x00\x00\x00joy", 1<<20/7)
	for _, one := range []struct {
		name, header string
		tail         []byte
	}{
		{"scores", outputs(binaryOutput("o", "FP32", fmt.Sprintf("[%d,6]", len(scores)/6), 4*len(scores))), littleEndian(scores)},
		{"labels", outputs(binaryOutput("o", "BYTES", fmt.Sprintf("[%d]", len(labels)/7), len(labels))), []byte(labels)},
	} {
		b.Run(one.name, func(b *testing.B) {
			benchmarkScanner(b, V2, len(one.header), append([]byte(one.header), one.tail...), Options{})
		})
	}
}
