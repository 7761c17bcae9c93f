package answer

import (
	encoding "encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
)

// output returns a V2 reply with one output.
func output(datatype, shape, data string) string {
	return `{"model_name":"m","outputs":[{"name":"o","shape":` + shape + `,"datatype":"` + datatype + `","data":` + data + `}]}`
}

// outputs returns a V2 reply with several outputs.
func outputs(of ...string) string {
	return `{"model_name":"m","outputs":[` + strings.Join(of, ",") + `]}`
}

// transcoded returns the reply of a gateway that transcodes gRPC to JSON.
func transcoded(datatype, shape, contents string) string {
	return `{"modelName":"m","outputs":[{"name":"o","datatype":"` + datatype + `","shape":` + shape + `,"contents":` + contents + `}]}`
}

const (
	bytesOutput  = `{"name":"label","shape":[2],"datatype":"BYTES","data":["joy","love"]}`
	indexOutput  = `{"name":"index","shape":[2],"datatype":"INT64","data":[3,1]}`
	scoresOutput = `{"name":"scores","shape":[2,3],"datatype":"FP32","data":[0.1,0.7,0.2,0.5,0.25,0.25]}`
	tokensOutput = `{"name":"tokens","shape":[2,2],"datatype":"INT64","data":[101,2023,101,102]}`
	valueOutput  = `{"name":"value","shape":[2],"datatype":"FP64","data":[1.5,2.5]}`
)

func TestV2(t *testing.T) {
	const (
		counted  = contract.OutcomeCounted
		empty    = contract.OutcomeNoPredictions
		unparsed = contract.OutcomeUnparsed
	)
	classes := Options{Answer: Class, Classes: []string{"no", "yes"}}
	tests := []struct {
		name          string
		options       Options
		body, outcome string
		answers       []string
	}{
		{"labels", Options{}, outputs(bytesOutput), counted, []string{"joy", "love"}},
		{"labels in a column", Options{}, output("BYTES", "[2,1]", `["a","b"]`), counted, []string{"a", "b"}},
		{"labels, nested", Options{}, output("BYTES", "[2,1]", `[["a"],["b"]]`), counted, []string{"a", "b"}},
		{"rows of labels", Options{}, output("BYTES", "[2,2]", `["a","b","c","d"]`), counted, []string{"a", "c"}},
		{"a single element", Options{}, output("BYTES", "[]", `["a"]`), counted, []string{"a"}},
		{"escapes", Options{}, output("BYTES", "[2]", `["\u00e9\n\"","\ud83d"]`), counted, []string{"é\n\"", "\ufffd"}},
		{"an empty label", Options{}, output("BYTES", "[1]", `[""]`), counted, []string{""}},
		{"a long label", Options{}, output("BYTES", "[1]", `["`+strings.Repeat("x", 200)+`"]`), counted, []string{asText(strings.Repeat("x", 200))}},

		{"class indices", Options{}, outputs(indexOutput), counted, []string{"3", "1"}},
		{"class indices of all sizes", Options{Answer: Class}, output("UINT64", "[2]", `[9223372036854775807,0]`), counted, []string{"9223372036854775807", "0"}},
		{"negative class indices", Options{Answer: Class}, output("INT64", "[2]", `[-9223372036854775808,-0]`), counted, []string{"-9223372036854775808", "0"}},
		{"class indices by name", classes, output("INT32", "[3]", `[1,0,2]`), counted, []string{"yes", "no", "2"}},
		{"booleans", classes, output("BOOL", "[4]", `[true,false,1,0]`), counted, []string{"yes", "no", "yes", "no"}},
		{"booleans without classes", Options{}, output("BOOL", "[2]", `[true,false]`), counted, []string{"1", "0"}},
		{"class indices as floats", classes, output("FP32", "[3,1]", `[1.0,0,1e0]`), counted, []string{"yes", "no", "yes"}},

		{"scores", Options{}, outputs(scoresOutput), counted, []string{"1 0.7", "0 0.5"}},
		{"scores, nested", Options{Answer: Class}, output("FP64", "[2,2]", `[[0.1,0.9],[1e-1,-2]]`), counted, []string{"1 0.9", "0 0.1"}},
		{"scores by class", classes, output("FP16", "[1,3]", `[0.25,0.5,0.75]`), counted, []string{"2 0.75"}},
		{"scores of a single row", Options{Answer: Class}, output("BF16", "[1,1,2]", `[0.25,0.5]`), counted, []string{"1 0.5"}},
		{"the first of equals", Options{}, output("FP32", "[1,3]", `[0.1,0.45,0.450]`), counted, []string{"1 0.45"}},
		{"whole scores", Options{}, output("UINT8", "[1,3]", `[200,255,3]`), counted, []string{"1 255"}},
		{"all scores", Options{Scores: true, Margins: true, Classes: []string{"no", "yes"}}, output("FP32", "[2,2]", `[0.25,0.75,1,0]`), counted,
			[]string{"score no 0.25", "score yes 0.75", "yes 0.75 by 0.5", "score no 1", "score yes 0", "no 1 by 1"}},
		{"a number of 1000 digits", Options{Answer: Class}, output("FP64", "[1,2]", `[0.`+strings.Repeat("1", 1000)+`,0]`), counted, []string{"0 0.1111111111111111"}},

		{"the output of the highest rank first", Options{}, outputs(bytesOutput, indexOutput, scoresOutput), counted, []string{"joy", "love"}},
		{"the output of the highest rank last", Options{}, outputs(valueOutput, tokensOutput, scoresOutput, indexOutput, bytesOutput), counted, []string{"joy", "love"}},
		{"the first of a kind", Options{}, outputs(indexOutput, `{"name":"x","shape":[1],"datatype":"INT8","data":[9]}`), counted, []string{"3", "1"}},
		{"scores before tokens", Options{}, outputs(tokensOutput, scoresOutput), counted, []string{"1 0.7", "0 0.5"}},
		{"tokens alone", Options{Answer: Class}, outputs(tokensOutput), counted, []string{"1 2023", "1 102"}},
		{"scores before floats that may be classes", classes, outputs(valueOutput, scoresOutput), counted, []string{"yes 0.7", "no 0.5"}},
		{"the output named in the options", Options{Output: "scores"}, outputs(bytesOutput, indexOutput, scoresOutput), counted, []string{"1 0.7", "0 0.5"}},
		{"its name in escapes", Options{Output: "scores"}, outputs(bytesOutput, strings.Replace(scoresOutput, "scores", `s\u0063ores`, 1)), counted, []string{"1 0.7", "0 0.5"}},
		{"a bad output before an output of a higher rank", Options{}, outputs(strings.Replace(indexOutput, "[2]", "[3]", 1), bytesOutput), counted, []string{"joy", "love"}},
		{"bad outputs, not read", Options{}, outputs(bytesOutput, strings.Replace(indexOutput, "[2]", "[3]", 1), `{}`, `{"name":[],"shape":{},"datatype":1,"data":7}`), counted, []string{"joy", "love"}},
		{"a named output that cannot be read, and others", Options{Output: "value"}, outputs(bytesOutput, valueOutput), unparsed, nil},
		{"a named output that is missing", Options{Output: "scor"}, outputs(scoresOutput), unparsed, nil},
		{"a longer name", Options{Output: "scoresx"}, outputs(scoresOutput), unparsed, nil},

		{"members in another order", Options{}, `{"outputs":[{"parameters":{"x":[1]},"datatype":"BYTES","shape":[1],"data":["a"],"name":"x"}],"model_name":"m"}`, counted, []string{"a"}},
		{"duplicate members", Options{}, `{"outputs":[{"shape":"x","shape":[9],"shape":[1],"datatype":7,"datatype":"INT8","datatype":"BYTES","data":null,"data":["a"]}]}`, counted, []string{"a"}},
		{"duplicate outputs", Options{}, `{"outputs":[` + bytesOutput + `],"outputs":[` + indexOutput + `]}`, counted, []string{"3", "1"}},
		{"predictions after outputs", Options{}, `{"outputs":[` + bytesOutput + `],"predictions":["a"]}`, counted, []string{"a"}},
		{"outputs after predictions", Options{}, `{"predictions":["a"],"outputs":[` + bytesOutput + `]}`, counted, []string{"joy", "love"}},
		{"data before its shape", Options{}, outputs(`{"datatype":"BYTES","data":["a"],"shape":[1]}`), unparsed, nil},
		{"data before its datatype", Options{}, outputs(`{"shape":[1],"data":["a"],"datatype":"BYTES"}`), unparsed, nil},
		{"data before its name, which matters", Options{Output: "o"}, outputs(`{"shape":[1],"datatype":"BYTES","data":["a"],"name":"o"}`), unparsed, nil},
		{"a name after the data, which does not", Options{}, outputs(`{"shape":[1],"datatype":"BYTES","data":["a"],"name":"o","name":"p"}`), counted, []string{"a"}},
		{"another shape after the data", Options{}, outputs(`{"shape":[1],"datatype":"BYTES","data":["a"],"shape":[1]}`), unparsed, nil},
		{"another datatype after the data", Options{}, outputs(`{"shape":[1],"datatype":"BYTES","data":["a"],"datatype":"BYTES"}`), unparsed, nil},
		{"data twice", Options{}, outputs(`{"shape":[1],"datatype":"BYTES","data":["a"],"data":["b"]}`), unparsed, nil},
		{"data, then null", Options{}, outputs(`{"shape":[1],"datatype":"BYTES","data":["a"],"data":null}`), unparsed, nil},

		{"MLServer's Hugging Face runtime", Options{}, output("BYTES", "[2,1]", `["{\"label\": \"POSITIVE\", \"score\": 0.99}","{\"label\": \"NEGATIVE\", \"score\": 0.75}"]`), counted, []string{"POSITIVE 0.99", "NEGATIVE 0.75"}},
		{"MLServer's, all scores", Options{Scores: true, Margins: true}, output("BYTES", "[1,1]", `["[{\"label\": \"a\", \"score\": 0.25}, {\"label\": \"\\u00e9\", \"score\": 0.75}]"]`), counted,
			[]string{"score a 0.25", "score é 0.75", "é 0.75 by 0.5"}},
		{"huggingfaceserver's probabilities", classes, output("BYTES", "[2]", `["{0: 0.0012, 1: 0.9988}","{0: 1.0, 1: 1e-05}"]`), counted, []string{"yes 0.9988", "no 1"}},
		{"huggingfaceserver's, of many classes", Options{}, output("BYTES", "[1]", `["{0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0, 9: 0, 10: 1}"]`), counted, []string{"10 1"}},
		{"Triton's classification", Options{Margins: true}, output("BYTES", "[2,2]", `["0.75:2:cat","0.25:0:dog","1.500000:1:a:b","-0.5:0:dog"]`), counted, []string{"cat 0.75 by 0.5", "a:b 1.5 by 2"}},
		{"Triton's, without labels", classes, output("BYTES", "[2,1]", `["0.75:1","0.25:7"]`), counted, []string{"yes 0.75", "7 0.25"}},
		{"Triton's, without a batch", Options{Scores: true}, output("BYTES", "[2]", `["0.75:2:cat","0.25:0:dog"]`), counted, []string{"score cat 0.75", "score dog 0.25", "cat 0.75"}},
		{"labels similar to the other forms", Options{}, output("BYTES", "[12]", `["12:30","-","-1","0.5","0.5:","0.5:x","0.5::a","[MASK]","[","12:30:45","0.5:99999999999999999999:a","`+strings.Repeat("1", 70)+`:2"]`), counted,
			[]string{"12:30", "-", "-1", "0.5", "0.5:", "0.5:x", "0.5::a", "[MASK]", "[", "12:30:45", "0.5:99999999999999999999:a", strings.Repeat("1", 70) + ":2"}},
		{"JSON without a prediction", Options{}, output("BYTES", "[1]", `["{\"generated_text\": \"x\"}"]`), unparsed, nil},
		{"invalid JSON in an element", Options{}, output("BYTES", "[1]", `["{"]`), unparsed, nil},
		{"two predictions in an element", Options{}, output("BYTES", "[1]", `["{\"label\":\"a\"}],\"predictions\":[{\"label\":\"b\"}"]`), unparsed, nil},
		{"NaN as Python prints it", Options{}, output("BYTES", "[1]", `["{0: nan, 1: 1.0}"]`), unparsed, nil},

		{"no outputs", Options{}, `{"outputs":[]}`, empty, nil},
		{"null outputs", Options{}, `{"outputs":null}`, empty, nil},
		{"an empty batch", Options{}, output("BYTES", "[0]", `[]`), empty, nil},
		{"an empty batch of scores", Options{}, output("FP32", "[0,6]", `[]`), empty, nil},
		{"empty rows", Options{}, output("BYTES", "[5,0]", `[[],[]]`), empty, nil},

		{"a regression", Options{}, outputs(valueOutput), unparsed, nil},
		{"floats that are not indices", classes, output("FP32", "[2]", `[0.5,1]`), unparsed, nil},
		{"a matrix for each row", Options{}, output("FP32", "[1,2,2]", `[1,2,3,4]`), unparsed, nil},
		{"no shape", Options{}, outputs(`{"datatype":"BYTES","data":["a"]}`), unparsed, nil},
		{"no datatype", Options{}, outputs(`{"shape":[1],"data":["a"]}`), unparsed, nil},
		{"no data", Options{}, outputs(`{"shape":[1],"datatype":"BYTES"}`), unparsed, nil},
		{"a size of binary data, but no data", Options{}, outputs(`{"shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}}`), unparsed, nil},
		{"an unknown datatype", Options{}, output("FP8", "[1]", `[1]`), unparsed, nil},
		{"a long datatype", Options{}, output("BYTESBYTES", "[1]", `["a"]`), unparsed, nil},
		{"a datatype's beginning", Options{}, output("BYTE", "[1]", `["a"]`), unparsed, nil},
		{"too few elements", Options{}, output("BYTES", "[3]", `["a","b"]`), unparsed, nil},
		{"too many elements", Options{}, output("BYTES", "[1]", `["a","b"]`), unparsed, nil},
		{"a cut row", Options{}, output("FP32", "[2,2]", `[1,2,3]`), unparsed, nil},
		{"a negative dimension", Options{}, output("BYTES", "[-1]", `["a"]`), unparsed, nil},
		{"a dimension of another type", Options{}, output("BYTES", `[true]`, `["a"]`), unparsed, nil},
		{"a dimension that is no number", Options{}, output("BYTES", `["1.0"]`, `["a"]`), unparsed, nil},
		{"a negative dimension that is a string", Options{}, output("BYTES", `["-1"]`, `["a"]`), unparsed, nil},
		{"dimensions that are strings", Options{}, output("BYTES", `["2","1"]`, `["a","b"]`), counted, []string{"a", "b"}},
		{"transcoded labels", Options{}, transcoded("BYTES", `["3"]`, `{"bytesContents":["am95","bG92ZQ==",""]}`), counted, []string{"joy", "love", ""}},
		{"transcoded classes", Options{}, transcoded("INT64", `["2"]`, `{"int64Contents":["8","-1"]}`), counted, []string{"8", "-1"}},
		{"transcoded classes of 32 bits", Options{}, transcoded("INT32", `["1"]`, `{"intContents":[8]}`), counted, []string{"8"}},
		{"transcoded scores", Options{}, transcoded("FP32", `["1","2"]`, `{"fp32Contents":[0.25,0.75]}`), counted, []string{"1 0.75"}},
		{"transcoded, with the names of the protocol", Options{}, transcoded("BYTES", `[1]`, `{"bytes_contents":["am95"]}`), counted, []string{"joy"}},
		{"transcoded labels that are not base64", Options{}, transcoded("BYTES", `[1]`, `{"bytesContents":["a!"]}`), unparsed, nil},
		{"transcoded classes that are no numbers", Options{}, transcoded("INT64", `[1]`, `{"int64Contents":["x"]}`), unparsed, nil},
		{"transcoded scores that are strings", Options{}, transcoded("FP32", `[1,2]`, `{"fp32Contents":["NaN",1]}`), unparsed, nil},
		{"a dimension in part", Options{}, output("BYTES", `[1.0]`, `["a"]`), unparsed, nil},
		{"a nested shape", Options{}, output("BYTES", `[[1]]`, `["a"]`), unparsed, nil},
		{"a dimension past 64 bits", Options{}, output("BYTES", `[18446744073709551616]`, `["a"]`), unparsed, nil},
		{"a batch past 64 bits", Options{}, output("BYTES", `[4294967296,4294967296]`, `[]`), unparsed, nil},
		{"rows past 64 bits", Options{}, output("BYTES", `[0,4294967296,1,4294967296]`, `[]`), unparsed, nil},
		{"many dimensions", Options{}, output("BYTES", `[`+strings.Repeat("1,", 500)+`1]`, `["a"]`), counted, []string{"a"}},
		{"labels that are numbers", Options{}, output("BYTES", "[1]", `[1]`), unparsed, nil},
		{"null for not a number", Options{}, output("FP32", "[1,2]", `[1,null]`), unparsed, nil},
		{"an index that is a string", Options{}, output("INT8", "[1]", `["1"]`), unparsed, nil},
		{"an index with a fraction", Options{}, output("INT8", "[1]", `[1.0]`), unparsed, nil},
		{"an index past 64 bits", Options{}, output("INT8", "[1]", `[18446744073709551616]`), unparsed, nil},
		{"a negative index past 64 bits", Options{}, output("INT8", "[1]", `[-9223372036854775809]`), unparsed, nil},
		{"an index that is true", Options{}, output("INT8", "[1]", `[true]`), unparsed, nil},
		{"a score past float64", Options{}, output("FP32", "[1,2]", `[1,1e999]`), unparsed, nil},
		{"an object among elements", Options{}, output("BYTES", "[1]", `["a",{"a":"b"}]`), unparsed, nil},
		{"data that is a string", Options{}, output("BYTES", "[1]", `"a"`), unparsed, nil},
		{"data that is an object", Options{}, output("BYTES", "[1]", `{"a":["b"]}`), unparsed, nil},
		{"an output of another type", Options{}, outputs(bytesOutput, `"x"`), unparsed, nil},
		{"a list for an output", Options{}, outputs(bytesOutput, `[1]`), unparsed, nil},
		{"outputs is an object", Options{}, `{"outputs":{"name":"o"}}`, unparsed, nil},
		{"outputs is a string", Options{}, `{"outputs":"o"}`, unparsed, nil},
		{"cut", Options{}, outputs(bytesOutput)[:70], contract.OutcomeTruncated, nil},
		{"NaN is not JSON", Options{}, output("FP32", "[1,2]", `[1,NaN]`), unparsed, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outcome, answers := scan(&test.options, []byte(test.body))
			if outcome != test.outcome {
				t.Errorf("outcome %s, want %s", outcome, test.outcome)
			}
			if diff := cmp.Diff(test.answers, answers); diff != "" && outcome == counted {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			checkCuts(t, &test.options, []byte(test.body), outcome, answers)
			if wantOutcome, want := decode(&test.options, []byte(test.body)); outcome != wantOutcome || outcome == counted && !cmp.Equal(answers, want) {
				t.Errorf("encoding/json finds %s %q", wantOutcome, want)
			}
		})
	}
}

// TestV2Sides tests predictions that are split over several outputs.
func TestV2Sides(t *testing.T) {
	tests := []struct {
		name, body, outcome string
		answers             []string
	}{
		{"a label of digits, and then its score", outputs(`{"name":"label","shape":[2],"datatype":"BYTES","data":["7","0x41"]}`, `{"name":"prob","shape":[2],"datatype":"FP32","data":[0.5,0.25]}`), contract.OutcomeCounted, []string{"7 0.5", "0x41 0.25"}},
		{"a label, and then its score", outputs(bytesOutput, `{"name":"prob","shape":[2,1],"datatype":"FP32","data":[0.5,0.25]}`), contract.OutcomeCounted, []string{"joy 0.5", "love 0.25"}},
		{"a score, and then its class", outputs(`{"name":"the_score","shape":[2],"datatype":"FP64","data":[0.5,0.25]}`, indexOutput), contract.OutcomeCounted, []string{"3 0.5", "1 0.25"}},
		{"scores of other rows", outputs(bytesOutput, `{"name":"prob","shape":[1],"datatype":"FP32","data":[0.5]}`), contract.OutcomeCounted, []string{"joy", "love"}},
		{"scores that are none", outputs(bytesOutput, `{"name":"prob","shape":[2],"datatype":"FP32","data":[0.5,2]}`), contract.OutcomeCounted, []string{"joy", "love"}},
		{"scores of another type", outputs(bytesOutput, `{"name":"prob","shape":[2],"datatype":"FP32","data":[0.5,"a"]}`), contract.OutcomeCounted, []string{"joy", "love"}},
		{"a score for each label", outputs(`{"name":"proba_yes","shape":[2],"datatype":"FP64","data":[0.75,0.25]}`, `{"name":"proba_no","shape":[2],"datatype":"FP64","data":[0.25,0.75]}`), contract.OutcomeCounted, []string{"yes 0.75", "no 0.75"}},
		{"the score of an anomaly", outputs(`{"name":"is_outlier","shape":[1],"datatype":"INT64","data":[1]}`, `{"name":"instance_score","shape":[1],"datatype":"FP32","data":[0.5]}`), contract.OutcomeCounted, []string{"1"}},
		{"a probability is no class", outputs(`{"name":"prob","shape":[2],"datatype":"FP32","data":[1,0]}`), contract.OutcomeUnparsed, nil},
		{"a text", outputs(`{"name":"text_output","shape":[1],"datatype":"BYTES","data":["joy"]}`), contract.OutcomeUnparsed, nil},
		{"a text, and its label", outputs(`{"name":"generated_text","shape":[1],"datatype":"BYTES","data":["joy"]}`, `{"name":"mood","shape":[1],"datatype":"BYTES","data":["joy"]}`), contract.OutcomeCounted, []string{"joy"}},
		{"tokens", outputs(`{"name":"output_tokens","shape":[3],"datatype":"INT32","data":[101,7,102]}`), contract.OutcomeUnparsed, nil},
		{"an embedding with the sum 1, and its class", outputs(`{"name":"embedding","shape":[1,2],"datatype":"FP32","data":[0.5,0.5]}`, indexOutput), contract.OutcomeCounted, []string{"3", "1"}},
		{"an embedding alone", outputs(`{"name":"sentence_embedding","shape":[1,2],"datatype":"FP32","data":[0.5,0.5]}`), contract.OutcomeUnparsed, nil},
		{"a label and its score, in capitals", outputs(`{"name":"LABEL","shape":[1],"datatype":"BYTES","data":["joy"]}`, `{"name":"SCORE","shape":[1],"datatype":"FP32","data":[0.75]}`), contract.OutcomeCounted, []string{"joy 0.75"}},
		{"a label with the scores of two classes", outputs(`{"name":"label","shape":[1],"datatype":"BYTES","data":["cat"]}`, `{"name":"prob_cat","shape":[1],"datatype":"FP32","data":[0.75]}`, `{"name":"prob_dog","shape":[1],"datatype":"FP32","data":[0.25]}`), contract.OutcomeCounted, []string{"cat"}},
		{"a probability in capitals is no class", outputs(`{"name":"Probability","shape":[2],"datatype":"FP32","data":[1,0]}`), contract.OutcomeUnparsed, nil},
		{"a text in capitals", outputs(`{"name":"TEXT_OUTPUT","shape":[1],"datatype":"BYTES","data":["joy"]}`), contract.OutcomeUnparsed, nil},
		{"a number of objects in capitals", outputs(`{"name":"numDetections","shape":[1,1],"datatype":"INT32","data":[2]}`, `{"name":"NUM","shape":[1,1],"datatype":"INT32","data":[2]}`), contract.OutcomeUnparsed, nil},
		{"the number of a request in its batch", outputs(`{"name":"batch_index","shape":[1,1],"datatype":"INT32","data":[0]}`, `{"name":"sequence_index","shape":[1,1],"datatype":"INT32","data":[0]}`, `{"name":"text_output","shape":[1],"datatype":"BYTES","data":["joy"]}`), contract.OutcomeUnparsed, nil},
		{"a score for each label, not of a distribution", outputs(`{"name":"proba_yes","shape":[1],"datatype":"FP64","data":[0.75]}`, `{"name":"proba_no","shape":[1],"datatype":"FP64","data":[0.75]}`), contract.OutcomeUnparsed, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			options := &Options{}
			outcome, answers := scan(options, []byte(test.body))
			if diff := cmp.Diff(test.answers, answers); outcome != test.outcome || diff != "" && outcome == contract.OutcomeCounted {
				t.Errorf("%s, answers (-want +got):\n%s", outcome, diff)
			}
			checkCuts(t, options, []byte(test.body), outcome, answers)
		})
	}
}

// Patterns of the reference reading.
var (
	wholeType   = regexp.MustCompile(`^U?INT(8|16|32|64)$`)
	scoredClass = regexp.MustCompile(`(?s)^(-[0-9]*\.[0-9]*|[0-9]+\.[0-9]*):([0-9]+)(:(.*))?$`)
	printed     = regexp.MustCompile(`^{[0-9]`)
	printedKey  = regexp.MustCompile(`([{,] *)([0-9]+)`)
)

// outputs is the reference reading of a V2 reply's outputs.
// isFinal is set if the first readable output stays selected.
func (r *reference) outputs(value any, isFinal bool) bool {
	if value == nil {
		return true
	}
	if columns, ok := value.(members); ok {
		return r.columns(columns)
	}
	list, ok := value.([]any)
	if !ok {
		return false
	}
	if len(list) > 0 {
		if _, isObject := list[0].(members); !isObject {
			return r.batch(list, r.options.FlatList == Scores)
		}
	}
	chosen, isValid, areSound := unranked, true, true
	r.isFinal = isFinal
	for _, one := range list {
		members, ok := one.(members)
		if !ok || !r.output(members, &chosen, &isValid) {
			areSound = false
		}
	}
	return isValid && areSound && (chosen != unranked || len(list) == 0)
}

// columns reads TensorFlow Serving's outputs by name.
func (r *reference) columns(columns members) bool {
	var found []any
	for _, one := range columns {
		if r.wanted() == "" || r.wanted() == one.name {
			found = append(found, one.value)
		}
	}
	if len(found) != 1 {
		return false
	}
	list, ok := found[0].([]any)
	return ok && r.batch(list, r.options.FlatList == Scores)
}

// output reads one output. It returns false if the position of the next is
// unknown.
func (r *reference) output(members members, chosen *rank, isValid *bool) bool {
	var (
		name, datatype string
		shape          []uint64
		hasShape       bool
		isRead         bool
		hasData        bool
	)
	isWanted := func(found rank) bool {
		return hasShape && found > *chosen && (!r.isFinal || *chosen == unranked) && (r.options.Output == "" || r.options.Output == name)
	}
	for _, member := range members {
		switch member.name {
		case "name":
			*isValid = *isValid && (!isRead || r.options.Output == "")
			name, _ = member.value.(string)
		case "datatype":
			*isValid = *isValid && !isRead
			datatype, _ = member.value.(string)
		case "shape":
			*isValid = *isValid && !isRead
			shape, hasShape = shapeOf(member.value)
		case "contents":
			inner, _ := member.value.(contentsOfOutput)
			for _, one := range inner {
				if !isContents([]byte(one.name)) {
					continue
				}
				*isValid = *isValid && !isRead
				list, isList := one.value.([]any)
				hasData = one.value != nil
				if found := rankOf(r.options, datatype, shape); !isRead && isList && isWanted(found) {
					r.drop(*chosen)
					*chosen, isRead = found, true
					*isValid = r.elements(found, datatype, shape, decodeContents(datatype, flatten(list)))
				}
			}
		case "data":
			*isValid = *isValid && !isRead
			list, isList := member.value.([]any)
			hasData = member.value != nil
			if found := rankOf(r.options, datatype, shape); !isRead && isList && isWanted(found) {
				r.drop(*chosen)
				*chosen, isRead = found, true
				*isValid = r.elements(found, datatype, shape, flatten(list))
			}
		}
	}
	if !r.isTail {
		return true
	}
	size, ok := sizeOf(members)
	if size == nil || !ok {
		return ok
	}
	data := r.nextTensor(size)
	if found := rankOf(r.options, datatype, shape); !hasData && isWanted(found) {
		r.drop(*chosen)
		*chosen = found
		*isValid = r.elements(found, datatype, shape, listOf(datatype, data))
	}
	return true
}

// drop forgets the predictions of the output that was chosen before.
func (r *reference) drop(chosen rank) {
	if chosen != unranked {
		r.forget()
	}
}

// contentsOfOutput are the members of an output's contents.
type contentsOfOutput = members

// decodeContents decodes the elements of a transcoded reply.
func decodeContents(datatype string, elements []any) (decoded []any) {
	for _, one := range elements {
		text, isText := one.(string)
		raw, err := base64Encoding.DecodeString(text)
		_, numberErr := strconv.ParseInt(text, 10, 64)
		switch {
		case !isText:
		case datatype == "BYTES" && err == nil:
			one = string(raw)
		case datatype == "BYTES":
			one = nil
		case wholeType.MatchString(datatype) && numberErr == nil:
			one = json.Number(text)
		}
		decoded = append(decoded, one)
	}
	return decoded
}

var base64Encoding = encoding.StdEncoding

func shapeOf(value any) (shape []uint64, ok bool) {
	list, ok := value.([]any)
	for _, one := range list {
		number, _ := one.(json.Number)
		text, isText := one.(string)
		if isText {
			number = json.Number(text)
		}
		length, err := strconv.ParseUint(string(number), 10, 64)
		if err != nil {
			return nil, false
		}
		shape = append(shape, length)
	}
	return shape, ok
}

// countOf returns the number of rows and the length of a row. ok is false
// beyond 64 bits, or if a row has two dimensions.
func countOf(shape []uint64) (rows, columns *big.Int, ok bool) {
	rows, columns = big.NewInt(1), big.NewInt(1)
	wide := 0
	for i, length := range shape {
		length := new(big.Int).SetUint64(length)
		if i == 0 {
			rows = length
			continue
		}
		if columns.Mul(columns, length); length.Cmp(big.NewInt(1)) > 0 {
			wide++
		}
	}
	all := new(big.Int).Mul(rows, columns)
	return rows, columns, wide <= 1 && columns.IsUint64() && all.IsUint64()
}

func rankOf(options *Options, datatype string, shape []uint64) rank {
	_, columns, ok := countOf(shape)
	isRow := columns.Cmp(big.NewInt(1)) != 0
	isFloat := slices.Contains([]string{"FP16", "FP32", "FP64", "BF16"}, datatype)
	wantsNumber := options.Answer == Number || options.Answer == Positive
	switch {
	case !ok || datatype == "BYTES" && wantsNumber:
		return unranked
	case datatype == "BYTES":
		return labels
	case !isFloat && datatype != "BOOL" && !wholeType.MatchString(datatype):
		return unranked
	case options.Answer == Labels && len(shape) > 1, isFloat && !isRow && wantsNumber:
		return declared
	case isFloat && !isRow:
		return floatSingle
	case !isRow:
		return integerIndex
	case options.Answer == Number:
		return unranked
	case isFloat:
		return floatScores
	case options.Answer == Class || options.Output != "" || datatype == "INT8" || datatype == "UINT8":
		return integerScores
	}
	return unranked
}

func flatten(value any) []any {
	list, ok := value.([]any)
	if !ok {
		return []any{value}
	}
	var elements []any
	for _, one := range list {
		elements = append(elements, flatten(one)...)
	}
	return elements
}

// elements reads the elements of a tensor. It returns false if one is invalid.
func (r *reference) elements(of rank, datatype string, shape []uint64, elements []any) bool {
	rows, columns, _ := countOf(shape)
	if rows.Mul(rows, columns).Uint64() != uint64(len(elements)) {
		return false
	}
	if datatype == "BYTES" {
		return r.elementTexts(elements, int(columns.Int64()), len(shape) == 1)
	}
	for len(elements) > 0 {
		row := elements[:columns.Int64()]
		elements = elements[len(row):]
		if !r.tensorRow(datatype, row, len(shape) > 1) {
			return false
		}
	}
	return true
}

func (r *reference) tensorRow(datatype string, row []any, isColumn bool) bool {
	isFloat := strings.Contains(datatype, "FP") || datatype == "BF16"
	var scores []float64
	var digits string
	for _, one := range row {
		score, text, ok := valueOf(datatype, one)
		if !ok {
			return false
		}
		scores, digits = append(scores, score), text
	}
	isSingle := len(row) == 1 && (!r.isLabels() || !isColumn)
	switch {
	case isSingle && !isFloat && (r.options.Answer == Unexplained || r.options.Answer == Class):
		return r.indexAnswer(digits, scores[0], isColumn)
	case isSingle:
		return r.single(scores[0], isFloat, isColumn)
	}
	r.scores(scores)
	if !isFloat && r.options.Answer == Unexplained && r.options.Output == "" {
		areFlags := slices.Min(scores) >= 0 && slices.Max(scores) <= 1
		r.found.row = true
		r.found.noDistribution = r.found.noDistribution || areFlags
		r.found.distribution = r.found.distribution || !areFlags
	}
	return r.row(scores, !isFloat || r.options.Output != "")
}

// indexAnswer adds the index of a class, of up to 64 bits.
func (r *reference) indexAnswer(digits string, value float64, isColumn bool) bool {
	index, err := strconv.Atoi(digits)
	if err != nil {
		return r.single(value, false, isColumn)
	}
	if r.options.Answer == Unexplained {
		r.found.single = true
		isClass := index >= -1 && index <= 1000
		r.found.class, r.found.noClass = r.found.class || isClass, r.found.noClass || !isClass
	}
	return r.answer(r.class(index), nil)
}

// valueOf returns a number as a float64, and an integer also in digits.
func valueOf(datatype string, element any) (value float64, digits string, ok bool) {
	if isTrue, isBool := element.(bool); isBool && datatype == "BOOL" {
		if isTrue {
			return 1, "1", true
		}
		return 0, "0", true
	}
	number, isNumber := element.(json.Number)
	if !isNumber {
		return 0, "", false
	}
	value, err := number.Float64()
	if strings.Contains(datatype, "FP") || datatype == "BF16" {
		return value, "", err == nil
	}
	if signed, err := strconv.ParseInt(string(number), 10, 64); err == nil {
		return float64(signed), strconv.FormatInt(signed, 10), true
	}
	unsigned, err := strconv.ParseUint(string(number), 10, 64)
	return float64(unsigned), strconv.FormatUint(unsigned, 10), err == nil
}

// elementTexts reads the elements of BYTES.
func (r *reference) elementTexts(elements []any, columns int, isFlat bool) bool {
	var (
		first  *string // label without a score
		scores []float64
		names  []string
	)
	for i, one := range elements {
		text, ok := one.(string)
		if !ok {
			return false
		}
		parts := scoredClass.FindStringSubmatch(text)
		isClass := false
		if parts != nil && len(parts[1])+len(parts[2])+1 < 64 {
			score, err := strconv.ParseFloat(parts[1], 64)
			index, indexErr := strconv.Atoi(parts[2])
			if isClass = err == nil && indexErr == nil; isClass {
				name := parts[4]
				if parts[3] == "" {
					name = r.class(index)
				}
				r.score(name, score)
				scores, names = append(scores, score), append(names, name)
			}
		}
		if i == 0 && isFlat && isClass {
			columns = len(elements)
		}
		switch {
		case isClass:
		case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "[{"):
			if !r.element(text) {
				return false
			}
		case r.isLabels():
			r.answer(text, nil)
		case first == nil:
			first = &text
		}
		if (i+1)%columns != 0 {
			continue
		}
		switch {
		case r.isLabels():
		case len(scores) > 0:
			r.answer(names[top(scores)], scores)
		case first != nil:
			r.answer(*first, nil)
		}
		first, scores, names = nil, nil, nil
	}
	return true
}

// element reads an element that is a V1 prediction in JSON, or as Python prints
// it.
func (r *reference) element(text string) bool {
	r.hasInvalidUTF8 = r.hasInvalidUTF8 || !utf8.ValidString(text)
	if printed.MatchString(text) {
		text = printedKey.ReplaceAllString(text, `$1"$2"`)
	}
	text = `{"predictions":[` + text + `]}`
	if !json.Valid([]byte(text)) {
		return false
	}
	reply := tree([]byte(text)).(members)
	inner := reference{options: r.options, isElement: true}
	ok := len(reply) == 1 && inner.reply(reply) && (inner.answered == 1 || r.isLabels())
	r.answers = append(r.answers, inner.answers...)
	r.answered += inner.answered
	r.found = r.found.or(inner.found)
	return ok
}

// A namedLog is a log that also collects the names of the model and its
// version.
type namedLog struct {
	log
	names []string
}

func (n *namedLog) Model(name *contract.Text) {
	n.names = append(n.names, "model "+string(name.Append(nil)))
}

func (n *namedLog) Version(version *contract.Text) {
	n.names = append(n.names, "version "+string(version.Append(nil)))
}

func TestV2NamesModelAndVersion(t *testing.T) {
	for body, want := range map[string][]string{
		`{"model_name":"m","model_version":"7","id":"x","outputs":[` + bytesOutput + `]}`: {"model m", "version 7"},
		`{"outputs":[` + bytesOutput + `],"model_name":"\u00e9"}`:                         {"model é"},
		`{"model_name":{"model_name":"x"},"model_version":null,"outputs":[]}`:             nil,
	} {
		var (
			scanner Scanner
			found   namedLog
		)
		scanner.Reset(REST, &Options{}, &found)
		scanner.Write([]byte(body))
		scanner.Close(0)
		if diff := cmp.Diff(want, found.names); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

func TestV2AllocatesNothing(t *testing.T) {
	options := &Options{Scores: true, Margins: true, Classes: []string{strings.Repeat("a long class", 10), "yes"}}
	for _, body := range []string{
		outputs(bytesOutput), outputs(indexOutput), outputs(scoresOutput), outputs(valueOutput, scoresOutput, bytesOutput),
		output("BYTES", "[1]", `["{\"label\": \"a\", \"score\": 0.99}"]`), output("BYTES", "[1]", `["{0: 0.0012, 1: 0.9988}"]`),
		output("BYTES", "[2]", `["0.75:2:cat","0.25:0"]`), output("UINT64", "[1]", `[18446744073709551615]`),
	} {
		var scanner Scanner
		chunk := []byte(body)
		allocations := testing.AllocsPerRun(100, func() {
			scanner.Reset(REST, options, discard{})
			scanner.Write(chunk)
			if outcome := scanner.Close(0); outcome != contract.OutcomeCounted {
				t.Fatal(outcome)
			}
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations, want 0", body, allocations)
		}
	}
}

// v2 writes a V2 reply.
func (g *generator) v2() string {
	g.Reset()
	g.put("{")
	for range g.IntN(2) {
		g.put(g.pick(`"id"`, `"model_name"`, `"outputs"`) + ":")
		g.any()
		g.put(",")
	}
	g.put(`"outputs":`)
	g.list(g.IntN(4), func(int) { g.output() })
	g.put("}")
	return g.String()
}

// output writes an output. Its data mostly fits its header.
func (g *generator) output() {
	datatype := g.pick("BYTES", "BYTES", "FP32", "FP64", "FP16", "BF16", "INT64", "INT32", "INT8", "UINT8", "UINT64", "BOOL", "FP8")
	shape := [][]int{{}, {0}, {1}, {2}, {3}, {1, 1}, {2, 1}, {1, 3}, {2, 3}, {0, 2}, {2, 0}, {1, 1, 2}, {2, 1, 1, 2}, {1, 2, 2}, {12, 3}, {40}}[g.IntN(16)]
	n := 1
	for _, length := range shape {
		n *= length
	}
	if g.IntN(30) == 0 {
		n += g.IntN(3) - 1
	}
	members := []func(){
		func() { g.member(`"name"`, g.pick(`"a"`, `"b"`, `"\u0061"`)) },
		func() { g.put(`"shape":`); g.list(len(shape), func(i int) { g.put(g.whole(shape[i])) }) },
		func() { g.member(`"datatype"`, `"`+datatype+`"`) },
		func() { g.put(`"data":`); g.data(max(n, 0), datatype) },
	}
	if g.IntN(6) == 0 {
		members[3] = func() { g.contentsOf(max(n, 0), datatype) }
	}
	if g.IntN(10) == 0 {
		members = append(members, members[g.IntN(4)])
	}
	if g.IntN(10) == 0 {
		members = append(members, func() { g.put(g.pick(`"name"`, `"shape"`, `"datatype"`, `"data"`, `"parameters"`) + ":"); g.any() })
	}
	if g.IntN(8) == 0 {
		g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	}
	g.object(members)
}

// whole writes an integer, sometimes as a string.
func (g *generator) whole(number int) string {
	text := strconv.Itoa(number)
	if g.IntN(12) == 0 {
		return `"` + text + `"`
	}
	return text
}

// contentsOf writes the elements of a transcoded reply.
func (g *generator) contentsOf(n int, datatype string) {
	g.put(`"contents":{` + g.pick(`"bytesContents"`, `"int64_contents"`, `"x"`) + ":")
	g.list(n, func(int) {
		switch {
		case datatype == "BYTES":
			g.put(g.pick(`"am95"`, `"bG92ZQ=="`, `""`, `"YQ=="`, `"?"`, "1"))
		case wholeType.MatchString(datatype):
			g.put(g.pick(g.whole(g.IntN(4)), `"-7"`, `"x"`, "true"))
		default:
			g.put(g.number())
		}
	})
	g.put("}")
}

func (g *generator) data(n int, datatype string) {
	if n > 1 && g.IntN(4) == 0 {
		g.list(2, func(i int) { g.data((n+i)/2, datatype) })
		return
	}
	isFloat := datatype[0] == 'F' || datatype[1] == 'F'
	g.list(n, func(int) {
		switch {
		case g.IntN(60) == 0:
			g.any()
		case datatype == "BYTES":
			g.put(g.element())
		case isFloat:
			g.put(g.number())
		case datatype == "BOOL":
			g.put(g.pick("true", "false", "1"))
		default:
			g.put(g.pick("0", "1", "2", "3", "-1", "255", "9223372036854775808", "-9223372036854775808", "9007199254740993"))
		}
	})
}

func (g *generator) element() string {
	switch g.IntN(6) {
	case 0:
		inner := generator{Rand: g.Rand}
		if inner.IntN(2) == 0 {
			inner.label()
		} else {
			inner.list(1+inner.IntN(3), func(int) { inner.label() })
		}
		quoted, err := json.Marshal(inner.String())
		if err != nil {
			panic(err)
		}
		return string(quoted)
	case 1:
		return g.pick(`"{0: 0.25, 1: 0.75}"`, `"{0: 1e-05,1:1}"`, `"{0 : 1}"`, `"{0: 1"`, `"{1: 1}"`, `"{0: [1, 2]}"`, `"{0: \"a, 1\"}"`, `"{0"`)
	case 2:
		return `"` + strconv.FormatFloat(g.NormFloat64(), 'f', 6, 64) + ":" + strconv.Itoa(g.IntN(4)) + g.pick("", ":", ":joy", ":a:b", "x") + `"`
	}
	return g.text()
}

// TestGeneratedV2 compares the scanner with encoding/json, for V2 replies of
// all shapes and options: whole, cut in two, cut short, and with one byte
// changed.
func TestGeneratedV2(t *testing.T) {
	g := generator{Rand: rand.New(rand.NewPCG(3, 4))}
	outcomes := map[string]int{}
	for range 10000 {
		body := []byte(g.v2())
		switch g.IntN(20) {
		case 0, 1:
			body[g.IntN(len(body))] = `{}[]:,"\0a `[g.IntN(11)]
		case 2:
			body = body[:1+g.IntN(len(body))]
		}
		options := v2OptionsOf(byte(g.IntN(256)))
		outcomes[checkReply(t, options, body, g.IntN(len(body)))]++
	}
	for _, outcome := range []string{contract.OutcomeCounted, contract.OutcomeUnparsed, contract.OutcomeTruncated, contract.OutcomeNoPredictions} {
		if outcomes[outcome] < 100 {
			t.Errorf("%d replies are %s: too few for a test", outcomes[outcome], outcome)
		}
	}
}

// v2OptionsOf derives options from the bits of a byte, including Output.
func v2OptionsOf(choice byte) *Options {
	options := optionsOf(choice)
	if choice>>2&3 == 3 {
		options.Output = "a"
	}
	return options
}

// FuzzV2 checks that cuts do not change the outcome, and that the scanner
// agrees with encoding/json wherever it decodes a V2 reply.
func FuzzV2(f *testing.F) {
	for i, body := range []string{
		outputs(bytesOutput), outputs(indexOutput, scoresOutput, bytesOutput), outputs(tokensOutput, valueOutput),
		output("BYTES", "[2,1]", `["{\"label\":\"a\",\"score\":0.5}","[{\"label\":\"b\"}]"]`),
		output("BYTES", "[2]", `["{0: 0.5, 1: 1e-5}","0.5:1:joy"]`),
		output("BOOL", "[2,1,2]", `[[true,false],[1,0]]`),
		`{"outputs":[{"data":null,"shape":[18446744073709551615,1],"parameters":{"binary_data_size":3},"datatype":"UINT8"}],"model_name":"m"}`,
	} {
		f.Add([]byte(body), 10+i, byte(i*37))
	}
	f.Fuzz(func(t *testing.T, body []byte, at int, choice byte) {
		checkReply(t, v2OptionsOf(choice), body, min(max(at, 0), len(body)))
	})
}

// rows repeats a row up to about one megabyte, joined by commas.
func rows(row string) (joined string, n int) {
	n = 1 << 20 / (len(row) + 1)
	return strings.TrimSuffix(strings.Repeat(row+",", n), ","), n
}

func BenchmarkV2(b *testing.B) {
	scores, scoreRows := rows("0.9889927506446838,0.004175746813416481,0.003846140578389168,0.0012988817179575562,0.0009755274513736367,0.0007109164143912494")
	labels, labelRows := rows(`"joy"`)
	indices, indexRows := rows("3")
	pipeline, pipelineRows := rows(`"{\"label\": \"joy\", \"score\": 0.9889927506446838}"`)
	for _, one := range []struct{ name, body string }{
		{"small", outputs(bytesOutput)},
		{"scores", output("FP32", fmt.Sprintf("[%d,6]", scoreRows), "["+scores+"]")},
		{"labels", output("BYTES", fmt.Sprintf("[%d]", labelRows), "["+labels+"]")},
		{"indices", output("INT64", fmt.Sprintf("[%d]", indexRows), "["+indices+"]")},
		{"pipeline", output("BYTES", fmt.Sprintf("[%d,1]", pipelineRows), "["+pipeline+"]")},
	} {
		body := []byte(one.body)
		b.Run(one.name+"/scanner", func(b *testing.B) { benchmarkScanner(b, REST, 0, body, Options{}) })
		b.Run(one.name+"/encoding_json", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				var reply struct {
					Outputs []struct {
						Name, Datatype string
						Shape          []int
						Data           []any
					}
				}
				if err := json.Unmarshal(body, &reply); err != nil {
					b.Fatal(err)
				}
				if one.name == "pipeline" {
					decodeElements(b, reply.Outputs[0].Data)
				}
			}
		})
	}
}

func decodeElements(b *testing.B, elements []any) {
	for _, element := range elements {
		var answer struct {
			Label string
			Score float64
		}
		if err := json.Unmarshal([]byte(element.(string)), &answer); err != nil {
			b.Fatal(err)
		}
	}
}
