package answer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
)

const seedReply = `{"predictions":[[{"label":"joy","score":0.9889927506446838},{"label":"love","score":0.004175746813416481},{"label":"anger","score":0.003846140578389168},{"label":"sadness","score":0.0012988817179575562},{"label":"fear","score":0.0009755274513736367},{"label":"surprise","score":0.0007109164143912494}]]}`

// withSpaces adds white space like Python's json, and more.
var withSpaces = strings.NewReplacer(":", ": ", ",", ", ", "[", " [ ", "]", " ]\n", "{", "{ ", "}", " }")

// Limits of the JSON reader.
const (
	maxDepth       = 10000
	maxNumberBytes = 1024
)

// A log is a Visitor that collects predictions as text, one per line.
type log []string

func (l *log) Prediction(prediction Prediction) {
	line := string(prediction.Label.Append(nil))
	if prediction.IsScored {
		line = fmt.Sprintf("%s %v", line, prediction.Score)
	}
	if prediction.HasMargin {
		line = fmt.Sprintf("%s by %v", line, prediction.Margin)
	}
	*l = append(*l, line)
}

func (l *log) Score(label *contract.Text, score float64) {
	*l = append(*l, fmt.Sprintf("score %s %v", label.Append(nil), score))
}

func (l *log) Value(number float64) { *l = append(*l, fmt.Sprint("value ", number)) }

func (*log) Model(*contract.Text)   {}
func (*log) Version(*contract.Text) {}

func (l *log) Discard() { *l = nil }

func TestScanner(t *testing.T) {
	tests := []struct {
		name, body, outcome string
		answers             []string
	}{
		{"one prediction", seedReply, contract.OutcomeCounted, []string{"joy 0.9889927506446838"}},
		{"and white space", seedReply + " \n", contract.OutcomeCounted, []string{"joy 0.9889927506446838"}},
		{"spaced out", withSpaces.Replace(seedReply), contract.OutcomeCounted, []string{"joy 0.9889927506446838"}},
		{"other members behind predictions", seedReply[:len(seedReply)-1] + `,"x":[{}]}`, contract.OutcomeCounted, []string{"joy 0.9889927506446838"}},
		{"strings, and other members", `{"predictions":["joy","love"],"x":"y"}` + strings.Repeat(" ", 128), contract.OutcomeCounted, []string{"joy", "love"}},
		{"predictions that replace others", seedReply[:len(seedReply)-1] + `,"predictions":["a"]}`, contract.OutcomeCounted, []string{"a"}},
		{"a batch", `{"predictions":[[{"label":"a","score":0.1},{"label":"b","score":0.9}],[{"label":"c","score":1}]]}`, contract.OutcomeCounted, []string{"b 0.9", "c 1"}},
		{"a flat list", `{"predictions":[{"label":"a","score":0.8},{"label":"b","score":0.7}]}`, contract.OutcomeCounted, []string{"a 0.8", "b 0.7"}},
		{"a single object", `{"predictions":{"label":"a","score":0.8}}`, contract.OutcomeCounted, []string{"a 0.8"}},
		{"plain strings", `{"predictions":["a","b"]}`, contract.OutcomeCounted, []string{"a", "b"}},
		{"mixed members", `{"predictions":["a",[{"label":"b","score":0.5}],[],{"label":"c"}]}`, contract.OutcomeCounted, []string{"a", "b 0.5", "c"}},
		{"white space and other members", "\t{ \"model_name\" : {\"predictions\":[\"no\"]} ,\r\n\"predictions\" : [ [ {\"id\":[1,{}],\"score\" : 5e-1 , \"label\" : \"a\" } ] ] , \"n\":null } ", contract.OutcomeCounted, []string{"a 0.5"}},
		{"the first of equals", `{"predictions":[[{"label":"a","score":0.5},{"label":"b","score":0.50}]]}`, contract.OutcomeCounted, []string{"a 0.5"}},
		{"any score beats a missing score", `{"predictions":[[{"label":"a"},{"label":"b","score":-1}]]}`, contract.OutcomeCounted, []string{"b -1"}},
		{"a null score is a missing score", `{"predictions":[[{"label":"a","score":1,"score":null}]]}`, contract.OutcomeCounted, []string{"a"}},
		{"escapes", `{"predictions":[{"label":"\u00e9\n\"\\\/\ud83d\ude00","score":1}]}`, contract.OutcomeCounted, []string{"é\n\"\\/😀 1"}},
		{"lone surrogates", `{"predictions":["\ud83dx","\ude00","\ud83d\ud83d\ude00","\ud83d"]}`, contract.OutcomeCounted, []string{"\ufffdx", "\ufffd", "\ufffd😀", "\ufffd"}},
		{"an escaped key", `{"\u0070redictions":[{"l\u0061bel":"a"}]}`, contract.OutcomeCounted, []string{"a"}},
		{"the last of duplicate members", `{"predictions":[0.5],"predictions":["a"]}`, contract.OutcomeCounted, []string{"a"}},
		{"the last label and score", `{"predictions":[{"label":"a","score":1,"label":"b","score":0.5}]}`, contract.OutcomeCounted, []string{"b 0.5"}},
		{"a bad label or score, replaced", `{"predictions":[{"label":[1],"label":"a","score":{"x":1},"score":0.5}]}`, contract.OutcomeCounted, []string{"a 0.5"}},
		{"an empty label", `{"predictions":[""]}`, contract.OutcomeCounted, []string{""}},
		{"a label of invalid UTF-8", "{\"predictions\":[\"\xff\"]}", contract.OutcomeCounted, []string{"\xff"}},
		{"deep nesting elsewhere", `{"x":` + strings.Repeat(`[`, 9999) + strings.Repeat(`]`, 9999) + `,"predictions":["a"]}`, contract.OutcomeCounted, []string{"a"}},

		{"classes by index", `{"predictions":[0,12,-1,3.0,2e1,-0]}`, contract.OutcomeCounted, []string{"0", "12", "-1", "3", "20", "0"}},
		{"lists with one member", `{"predictions":[[3],["a"]]}`, contract.OutcomeCounted, []string{"3", "a"}},
		{"probabilities", `{"predictions":[[0.1,0.6,0.3],[0.5,0.5]]}`, contract.OutcomeCounted, []string{"1 0.6", "0 0.5"}},
		{"a TensorFlow estimator", `{"predictions":[{"logits":[-2.1,2.1],"class_ids":[1],"classes":["1"],"all_classes":["0","1"],"probabilities":[0.015,0.985]}]}`, contract.OutcomeCounted, []string{"1 0.985"}},
		{"an estimator's vocabulary", `{"predictions":[{"probabilities":[0.9,0.1],"classes":["setosa"]}]}`, contract.OutcomeCounted, []string{"setosa 0.9"}},
		{"probabilities without classes", `{"predictions":{"probabilities":[0.1,0.9]}}`, contract.OutcomeCounted, []string{"1 0.9"}},
		{"classes without probabilities", `{"predictions":[{"classes":"a"},{"classes":2},{"classes":[2],"probabilities":null}]}`, contract.OutcomeCounted, []string{"a", "2", "2"}},
		{"KServe's flowers", `{"predictions":[{"scores":[0.999114931,9.20989623e-05,0.000136786737],"prediction":0,"key":"   1"}]}`, contract.OutcomeCounted, []string{"0 0.999114931"}},
		{"a class, and then no label", `{"predictions":[{"class":2,"label":null},{"prediction":"a","probability":0.5,"class":null},{"label":"a","label":null,"class":"b"}]}`, contract.OutcomeCounted, []string{"2", "a 0.5", "b"}},
		{"huggingfaceserver's classes", `{"predictions":[1,0]}`, contract.OutcomeCounted, []string{"1", "0"}},
		{"huggingfaceserver's probabilities", `{"predictions":[{"0":0.0007,"1":0.9993}]}`, contract.OutcomeCounted, []string{"1 0.9993"}},
		{"a label decides the shape of an object", `{"predictions":[{"0":"x","probabilities":7,"label":"a","score":0.5,"classes":[1]}]}`, contract.OutcomeCounted, []string{"a 0.5"}},
		{"the last classes and probabilities", `{"predictions":[{"classes":[1,2],"probabilities":["x"],"classes":["a"],"probabilities":[0.5]}]}`, contract.OutcomeCounted, []string{"a 0.5"}},
		{"Seldon's names", `{"data":{"names":["joy","fear"],"ndarray":[[0.25,0.75],[0.5,0.5]]},"meta":{}}`, contract.OutcomeCounted, []string{"fear 0.75", "joy 0.5"}},
		{"fewer names than columns", `{"data":{"names":["joy"],"ndarray":[[0.25,0.75],[0.75,0.25]]}}`, contract.OutcomeCounted, []string{"1 0.75", "joy 0.75"}},
		{"names of Seldon's own", `{"data":{"names":["t:0","t:1"],"ndarray":[[0.25,0.75]]}}`, contract.OutcomeCounted, []string{"1 0.75"}},
		{"names behind the rows", `{"data":{"ndarray":[[0.25,0.75]],"names":["joy","fear"]}}`, contract.OutcomeCounted, []string{"1 0.75"}},
		{"the name of a column of classes", `{"data":{"names":["species"],"ndarray":[1,0]}}`, contract.OutcomeCounted, []string{"1", "0"}},
		{"Seldon's tensor", `{"data":{"names":["joy","fear"],"tensor":{"shape":[2,2],"values":[0.25,0.75,0.5,0.5]}},"meta":{}}`, contract.OutcomeCounted, []string{"fear 0.75", "joy 0.5"}},
		{"Seldon's tensor of another length", `{"data":{"tensor":{"shape":[2,2],"values":[0.25,0.75]}}}`, contract.OutcomeUnparsed, nil},
		{"Seldon's tensor without a shape", `{"data":{"tensor":{"values":[0.25,0.75],"shape":[1,2]}}}`, contract.OutcomeUnparsed, nil},
		{"Seldon's regression", `{"data":{"tensor":{"shape":[2,1],"values":[1.0,12.5]}}}`, contract.OutcomeUnparsed, nil},
		{"two tensors of Seldon's", `{"data":{"tensor":{"shape":[1,2],"values":[0.25,0.75]},"ndarray":[[1,0]]}}`, contract.OutcomeUnparsed, nil},
		{"names of another node", `{"a":{"names":["joy","fear"]},"b":{"predictions":[[0.25,0.75]]}}`, contract.OutcomeCounted, []string{"1 0.75"}},
		{"scores of no row, and of PMML", `{"predictions":[{"class":2,"probability":[],"Probability_joy":0.75}]}`, contract.OutcomeCounted, []string{"2 0.75"}},
		{"sorted scores without names", `{"predictions":[[0.9,0.05,0.025,0.0125,0.0125]]}`, contract.OutcomeCounted, []string{"0 0.9"}},
		{"sorted scores that may be the highest five", `{"predictions":[[0.9,0.05,0.025,0.015,0.01]]}`, contract.OutcomeUnparsed, nil},
		{"the same, and a row in another order", `{"predictions":[[0.9,0.05,0.025,0.015,0.01],[0.05,0.9,0.025,0.015,0.01]]}`, contract.OutcomeCounted, []string{"0 0.9", "1 0.9"}},
		{"the highest scores of more names", `{"predictions":[{"a":0.5,"b":0.25,"c":0.125},{"a":0.75,"b":0.125,"c":0.125}]}`, contract.OutcomeCounted, []string{"a 0.5", "a 0.75"}},
		{"a column of pandas in the place of the list", `{"predictions":{"0":250000.0,"1":310000.5}}`, contract.OutcomeUnparsed, nil},
		{"the same alone", `{"0":250000.0,"1":310000.5}`, contract.OutcomeUnparsed, nil},
		{"a column of classes", `{"prediction":{"0":1,"1":0,"2":2}}`, contract.OutcomeUnparsed, nil},
		{"a distribution by the indices, in the place of the list", `{"prediction":{"0":0.25,"1":0.75}}`, contract.OutcomeCounted, []string{"1 0.75"}},
		{"the same alone", `{"0":0.25,"1":0.75}`, contract.OutcomeCounted, []string{"1 0.75"}},
		{"these alone", `{"predictions":[{"a":0.5,"b":0.25,"c":0.125}]}`, contract.OutcomeUnparsed, nil},
		{"names and numbers in another order", `{"predictions":[{"b":0.25,"a":0.5,"c":0.125},{"a":0.75,"b":0.125,"c":0.125}]}`, contract.OutcomeUnparsed, nil},
		{"names and numbers with a sum above 1", `{"predictions":[{"a":0.75,"b":0.5,"c":0.25},{"a":0.75,"b":0.125,"c":0.125}]}`, contract.OutcomeUnparsed, nil},
		{"a detector's boxes", `{"predictions":[{"boxes":[[1,2,3,4]],"labels":["cat"],"scores":[0.9]}]}`, contract.OutcomeUnparsed, nil},
		{"a class of this name", `{"predictions":[{"boxes":0.75,"bags":0.25}]}`, contract.OutcomeCounted, []string{"boxes 0.75"}},
		{"a label with its box", `{"predictions":[{"label":"cat","score":0.75,"bbox":[1,2,3,4]}]}`, contract.OutcomeCounted, []string{"cat 0.75"}},
		{"the probabilities of the classes", `{"predictions":[{"predicted_class":"cat","class_probabilities":{"dog":0.25,"cat":0.75}}]}`, contract.OutcomeCounted, []string{"cat 0.75"}},
		{"a task's batch", `[[{"label":"a","score":0.1},{"label":"b","score":0.9}],[{"label":"c","score":1}],[]]`, contract.OutcomeCounted, []string{"b 0.9", "c 1"}},
		{"a task's scores", ` [{"label":"a","score":0.1}, {"label":"b","score":0.9}]`, contract.OutcomeCounted, []string{"b 0.9"}},

		{"no task", `[]`, contract.OutcomeNoPredictions, nil},
		{"no predictions", `{"predictions":[]}`, contract.OutcomeNoPredictions, nil},
		{"empty predictions", `{"predictions":[[],[]]}`, contract.OutcomeNoPredictions, nil},
		{"null predictions", `{"predictions":null}`, contract.OutcomeNoPredictions, nil},
		{"the last is empty", `{"predictions":["a"],"predictions":[]}`, contract.OutcomeNoPredictions, nil},

		{"not JSON", `hello`, contract.OutcomeUnparsed, nil},
		{"HTML", `<html></html>`, contract.OutcomeUnparsed, nil},
		{"NaN is not JSON", `{"predictions":[{"label":"a","score":NaN}]}`, contract.OutcomeUnparsed, nil},
		{"texts that begin like a stream", "internal error: no such model\nretry later\n", contract.OutcomeUnparsed, nil},
		{"a text without a line's end", "disabled", contract.OutcomeUnparsed, nil},
		{"another object", `{"error":"no"}`, contract.OutcomeUnparsed, nil},
		{"a list of strings", `["a"]`, contract.OutcomeUnparsed, nil},
		{"a number", `12`, contract.OutcomeUnparsed, nil},
		{"predictions of fractions", `{"predictions":[1,0.5]}`, contract.OutcomeUnparsed, nil},
		{"no label", `{"predictions":[[{"score":1}]]}`, contract.OutcomeUnparsed, nil},
		{"a label of another type", `{"predictions":[[{"label":{"a":1},"score":1}]]}`, contract.OutcomeUnparsed, nil},
		{"a score of another type", `{"predictions":[[{"label":"a","score":"1"}]]}`, contract.OutcomeUnparsed, nil},
		{"a score past float64", `{"predictions":[[{"label":"a","score":1e999}]]}`, contract.OutcomeUnparsed, nil},
		{"a score past our limit", `{"predictions":[[{"label":"a","score":0.` + strings.Repeat("1", maxNumberBytes) + `}]]}`, contract.OutcomeUnparsed, nil},
		{"a good score, replaced by a bad score", `{"predictions":[{"label":"a","score":1,"score":true}]}`, contract.OutcomeUnparsed, nil},
		{"a class of a fraction", `{"predictions":[[0.5]]}`, contract.OutcomeUnparsed, nil},
		{"a class beyond a float64's integers", `{"predictions":[9007199254740992]}`, contract.OutcomeUnparsed, nil},
		{"two strings in one prediction", `{"predictions":[["a","b"]]}`, contract.OutcomeUnparsed, nil},
		{"a list of two kinds", `{"predictions":[[0.5,{"label":"a"}]]}`, contract.OutcomeUnparsed, nil},
		{"a list of lists", `{"predictions":[[[0,1,1]]]}`, contract.OutcomeUnparsed, nil},
		{"a probability past float64", `{"predictions":[[0.5,1e999]]}`, contract.OutcomeUnparsed, nil},
		{"no classes", `{"predictions":[{"classes":[],"probabilities":[1]}]}`, contract.OutcomeUnparsed, nil},
		{"a class of another type", `{"predictions":[{"classes":[["a"]]}]}`, contract.OutcomeUnparsed, nil},
		{"null classes and probabilities", `{"predictions":[{"classes":null,"probabilities":null}]}`, contract.OutcomeUnparsed, nil},
		{"probabilities of another type", `{"predictions":[{"classes":["a"],"probabilities":[0.5,[0.5]]}]}`, contract.OutcomeUnparsed, nil},
		{"a task's embedding", `[[0.1,0.9]]`, contract.OutcomeUnparsed, nil},
		{"a task's tokens", `[{"entity_group":"PER","score":0.99,"word":"Ada"}]`, contract.OutcomeUnparsed, nil},
		{"a task's scores and a batch", `[{"label":"a","score":0.1},[{"label":"b","score":0.9}]]`, contract.OutcomeUnparsed, nil},
		{"a batch and a task's scores", `[[],{"label":"a","score":0.1}]`, contract.OutcomeUnparsed, nil},
		{"trailing bytes", `{"predictions":["a"]}x`, contract.OutcomeUnparsed, nil},
		{"a second document", `{"predictions":["a"]}{}`, contract.OutcomeUnparsed, nil},
		{"a trailing comma", `{"predictions":["a",]}`, contract.OutcomeUnparsed, nil},
		{"mismatched brackets", `{"predictions":["a"}]`, contract.OutcomeUnparsed, nil},
		{"a bracket too many", seedReply[:len(seedReply)-1] + `]}`, contract.OutcomeUnparsed, nil},
		{"a brace too many", seedReply + `}`, contract.OutcomeUnparsed, nil},
		{"a brace for a bracket", seedReply[:len(seedReply)-2] + `}}`, contract.OutcomeUnparsed, nil},
		{"a bracket for a brace", seedReply[:len(seedReply)-1] + `]`, contract.OutcomeUnparsed, nil},
		{"almost predictions", strings.Replace(seedReply, "predictions", "predictionS", 1), contract.OutcomeUnparsed, nil},
		{"a control character", "{\"predictions\":[\"a\n\"]}", contract.OutcomeUnparsed, nil},
		{"a bad escape", `{"predictions":["\x"]}`, contract.OutcomeUnparsed, nil},
		{"a leading zero", `{"a":01,"predictions":["a"]}`, contract.OutcomeUnparsed, nil},
		{"too deep", strings.Repeat(`[`, maxDepth+1), contract.OutcomeUnparsed, nil},

		{"empty", ``, contract.OutcomeTruncated, nil},
		{"only white space", " \n", contract.OutcomeTruncated, nil},
		{"cut in a score", seedReply[:60], contract.OutcomeTruncated, nil},
		{"cut before the last byte", seedReply[:len(seedReply)-1], contract.OutcomeTruncated, nil},
		{"cut in a literal", `{"predictions":nul`, contract.OutcomeTruncated, nil},
		{"cut in an escape", `{"predictions":["\u00`, contract.OutcomeTruncated, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := []byte(test.body)
			outcome, answers := scan(&Options{}, body)
			if outcome != test.outcome {
				t.Errorf("outcome %s, want %s", outcome, test.outcome)
			}
			if diff := cmp.Diff(test.answers, answers); diff != "" && outcome == contract.OutcomeCounted {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			checkCuts(t, &Options{}, body, outcome, answers)
		})
	}
}

// checkCuts checks that the result stays the same when the body is cut in two
// at every byte, and into single bytes.
func checkCuts(t *testing.T, options *Options, body []byte, outcome string, answers []string) {
	t.Helper()
	check := func(chunks ...[]byte) {
		if gotOutcome, got := scan(options, chunks...); gotOutcome != outcome || !cmp.Equal(got, answers) {
			t.Fatalf("in chunks %q: %s %q, want %s %q", chunks, gotOutcome, got, outcome, answers)
		}
	}
	step := max(1, len(body)/1000)
	for at := 0; at < len(body); at += step {
		check(body[:at], body[at:])
	}
	single := make([][]byte, 0, len(body))
	for i := range body {
		single = append(single, body[i:i+1])
	}
	check(single...)
}

func TestScannerOptions(t *testing.T) {
	vectors := `{"predictions":[[0.25,0.75],[2],{"0":0.5,"1":0.125},{"classes":["x"],"probabilities":[0.5,0.25,1]}]}`
	labels := `{"predictions":[{"label":"a","score":0.25},{"label":"b","score":0.75},{"label":"c"}]}`
	tests := []struct {
		name    string
		options Options
		body    string
		answers []string
	}{
		{"classes", Options{Answer: Class, Classes: []string{"no", "yes"}}, vectors, []string{"yes 0.75", "2", "no 0.5", "x 1"}},
		{"classes by index", Options{Classes: []string{"no", "yes"}}, `{"predictions":[1,0,2,-1]}`, []string{"yes", "no", "2", "-1"}},
		{"scores of vectors", Options{Scores: true}, vectors, []string{
			"score 0 0.25", "score 1 0.75", "1 0.75", "2", "score 0 0.5", "score 1 0.125", "0 0.5",
			"score 0 0.5", "score 1 0.25", "score 2 1", "x 1",
		}},
		{"scores of labels", Options{Scores: true}, labels, []string{"score a 0.25", "a 0.25", "score b 0.75", "b 0.75", "c"}},
		{"margins of vectors", Options{Margins: true}, vectors, []string{"1 0.75 by 0.5", "2", "0 0.5 by 0.375", "x 1 by 0.5"}},
		{"margins of a single score", Options{Margins: true}, labels, []string{"a 0.25", "b 0.75", "c"}},
		{"margins of labels", Options{Margins: true, FlatList: Scores}, labels, []string{"b 0.75 by 0.5"}},
		{"margins of equals", Options{Answer: Class, Margins: true}, `{"predictions":[[1,2,2]]}`, []string{"1 2 by 0"}},
		{"a flat list of labels as one prediction", Options{FlatList: Scores}, labels, []string{"b 0.75"}},
		{"a flat list of numbers as one prediction", Options{Answer: Class, FlatList: Scores}, `{"predictions":[0,1,0]}`, []string{"1 1"}},
		{"a flat list with a single number is a class", Options{FlatList: Scores}, `{"predictions":[3]}`, []string{"3"}},
		{"a batch, with flat lists as scores", Options{Answer: Class, FlatList: Scores}, `{"predictions":[[0.25,0.75],[2],{"0":0.5,"1":0.125}]}`, []string{"1 0.75", "2", "0 0.5"}},
		{"strings stay answers where flat lists are scores", Options{FlatList: Scores}, `{"predictions":["a","b"]}`, []string{"a", "b"}},
		{"a single object, with flat lists as scores", Options{FlatList: Scores}, `{"predictions":{"label":"a"}}`, []string{"a"}},
		{"a task's flat list of predictions", Options{FlatList: Instances}, `[{"label":"a","score":0.5},{"label":"b","score":1}]`, []string{"a 0.5", "b 1"}},
		{"scores of a reply with predictions twice", Options{Scores: true}, `{"predictions":[[0,1]],"predictions":["a"]}`, []string{"a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outcome, answers := scan(&test.options, []byte(test.body))
			if diff := cmp.Diff(test.answers, answers); diff != "" || outcome != contract.OutcomeCounted {
				t.Errorf("%s, answers (-want +got):\n%s", outcome, diff)
			}
			checkCuts(t, &test.options, []byte(test.body), outcome, answers)
		})
	}
}

func TestFlatScoresOfTwoKinds(t *testing.T) {
	options := &Options{FlatList: Scores}
	for _, body := range []string{
		`{"predictions":[1,{"label":"a","score":0.5}]}`,
		`{"predictions":[{"label":"a","score":0.5},0.25]}`,
		`{"predictions":[{"label":"a","score":0.5},"b"]}`,
		`{"predictions":["b",{"label":"a","score":0.5}]}`,
		`{"predictions":[0.5,[0.25,0.75]]}`,
		`{"predictions":[[],0.5]}`,
		`{"predictions":[0.5,{"classes":["a"]}]}`,
	} {
		if outcome, answers := scan(options, []byte(body)); outcome != contract.OutcomeUnparsed {
			t.Errorf("%s is %s: %q", body, outcome, answers)
		}
	}
}

func TestScannerIsReusable(t *testing.T) {
	var scanner Scanner
	for _, body := range []string{`{"predictions":["a"`, seedReply, `nul`, `"\ud83d`, seedReply} {
		var answers log
		scanner.Reset(REST, &Options{}, &answers)
		scanner.Write([]byte(body))
		outcome := result(&scanner, 0)
		wantOutcome, want := scan(&Options{}, []byte(body))
		if outcome != wantOutcome || !cmp.Equal([]string(answers), want) {
			t.Errorf("%s: %s %q, want %s %q", body, outcome, answers, wantOutcome, want)
		}
	}
}

func TestScannerAllocatesNothing(t *testing.T) {
	var scanner Scanner
	var options Options
	body := []byte(seedReply)
	allocations := testing.AllocsPerRun(100, func() {
		scanner.Reset(REST, &options, discard{})
		scanner.Write(body)
		scanner.Close(0)
	})
	if allocations != 0 {
		t.Errorf("%v allocations per reply, want 0", allocations)
	}
}

type discard struct{}

func (discard) Model(*contract.Text)          {}
func (discard) Version(*contract.Text)        {}
func (discard) Score(*contract.Text, float64) {}
func (discard) Prediction(Prediction)         {}
func (discard) Value(float64)                 {}
func (discard) Discard()                      {}

// FuzzScanner checks that cuts do not change the outcome, and that the scanner
// agrees with encoding/json wherever it decodes a reply of an accepted shape.
func FuzzScanner(f *testing.F) {
	for i, body := range []string{
		seedReply,
		`{"predictions":[{"label":"\u00e9\ud83d\ude00","score":-1.5e-3}],"predictions":["a",[],{"label":"b","score":null}]}`,
		`{"x":[{},[],"",0,true,false,null],"predictions":null} `,
		`{"predictions":[0,2,[3],[0.25,0.5,0.25],["joy"]]}`,
		`{"predictions":[{"classes":["b"],"probabilities":[0.1,0.9]},{"prediction":0,"scores":[1,2e-1],"key":"x"},{"0":0.1,"1":0.9}]}`,
		`[[{"label":"a","score":1},{"label":"b","score":1.5}],[]]`,
		`[{"label":"a","score":0.5},{"label":"b","score":0.25}]`,
	} {
		f.Add([]byte(body), 10+i, byte(i))
	}
	f.Fuzz(func(t *testing.T, body []byte, at int, choice byte) {
		checkReply(t, optionsOf(choice), body, min(max(at, 0), len(body)))
	})
}

// optionsOf derives options from the bits of a byte.
func optionsOf(choice byte) *Options {
	options := &Options{Scores: choice&1 != 0, Margins: choice&2 != 0, Threshold: 0.5}
	options.FlatList = []FlatList{"", Instances, Scores, Scores}[choice>>2&3]
	if choice&16 != 0 {
		options.Classes = []string{"joy", "", "fear"}
	}
	options.Answer = []Answer{Unexplained, Unexplained, Unexplained, Class, Class, Positive, Labels, Number}[choice>>5]
	return options
}

func scan(options *Options, chunks ...[]byte) (outcome string, answers []string) {
	var (
		scanner Scanner
		found   log
	)
	scanner.Reset(REST, options, &found)
	for _, chunk := range chunks {
		scanner.Write(chunk)
	}
	return result(&scanner, 0), found
}

// result ends the first reply of a model.
func result(s *Scanner, jsonBytes int) (outcome string) {
	outcome = s.Close(jsonBytes)
	if e := s.Evidence(); outcome == contract.OutcomeCounted && !e.Supports(e) {
		return contract.OutcomeUnparsed
	}
	return outcome
}

// BenchmarkScanner compares the scanner with encoding/json, for replies as
// servers write them.
func BenchmarkScanner(b *testing.B) {
	prediction := seedReply[len(`{"predictions":[`) : len(seedReply)-2]
	bodies := []struct{ name, body string }{
		{"one", seedReply},
		{"batch", batch(prediction)},
		{"spaced", batch(strings.NewReplacer(`:`, `: `, `,`, `, `).Replace(prediction))},
		{"pretty", batch(strings.NewReplacer(`:`, `: `, `,`, ",\n          ", `{`, "{\n            ").Replace(prediction))},
		{"vectors", batch(`[0.9889927506446838,0.004175746813416481,0.003846140578389168,0.0012988817179575562]`)},
		{"strings", batch(`"joy"`)},
	}
	for _, body := range bodies {
		b.Run(body.name+"/scanner", func(b *testing.B) { benchmarkScanner(b, REST, 0, []byte(body.body), Options{}) })
		b.Run(body.name+"/all", func(b *testing.B) {
			benchmarkScanner(b, REST, 0, []byte(body.body), Options{Scores: true, Margins: true})
		})
		b.Run(body.name+"/encoding_json", func(b *testing.B) { benchmarkDecoder(b, []byte(body.body)) })
	}
}

// batch returns a reply of 1 MB.
func batch(prediction string) string {
	n := 1 << 20 / len(prediction)
	return `{"predictions":[` + strings.Repeat(prediction+",", n-1) + prediction + `]}`
}

// benchmarkScanner reads the body in chunks of the size that the filter uses.
func benchmarkScanner(b *testing.B, protocol Protocol, jsonBytes int, body []byte, options Options) {
	var scanner Scanner
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		scanner.Reset(protocol, &options, discard{})
		for chunk := range slices.Chunk(body, 64<<10) {
			scanner.Write(chunk)
		}
		if outcome := scanner.Close(jsonBytes); outcome != contract.OutcomeCounted {
			b.Fatal(outcome)
		}
	}
}

// benchmarkDecoder decodes the body into a matching type.
func benchmarkDecoder(b *testing.B, body []byte) {
	var into any = &struct {
		Predictions [][]struct {
			Label string
			Score float64
		}
	}{}
	switch body[len(`{"predictions":[`)+1] {
	case 'j':
		into = &struct{ Predictions []string }{}
	case '0':
		into = &struct{ Predictions [][]float64 }{}
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := json.Unmarshal(body, into); err != nil {
			b.Fatal(err)
		}
	}
}
