package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
)

const seedReply = `{"predictions":[[{"label":"joy","score":0.9889927506446838},{"label":"love","score":0.004175746813416481},{"label":"anger","score":0.003846140578389168},{"label":"sadness","score":0.0012988817179575562},{"label":"fear","score":0.0009755274513736367},{"label":"surprise","score":0.0007109164143912494}]]}`

// The JSON reader's limits.
const (
	maxDepth       = 10000
	maxNumberBytes = 1024
)

// log takes answers as text, one a line.
type log []string

func (l *log) Answer(prediction Prediction) {
	line := string(prediction.Label.Append(nil))
	if prediction.IsScored {
		line = fmt.Sprintf("%s %v", line, prediction.Score)
	}
	*l = append(*l, line)
}

func (*log) Model(*contract.Text)          {}
func (*log) Version(*contract.Text)        {}
func (*log) Score(*contract.Text, float64) {}

func (l *log) Discard() { *l = nil }

func TestScanner(t *testing.T) {
	tests := []struct {
		name, body, outcome string
		answers             []string
	}{
		{"one prediction", seedReply, contract.OutcomeCounted, []string{"joy 0.9889927506446838"}},
		{"a batch", `{"predictions":[[{"label":"a","score":0.1},{"label":"b","score":0.9}],[{"label":"c","score":1}]]}`, contract.OutcomeCounted, []string{"b 0.9", "c 1"}},
		{"a flat list", `{"predictions":[{"label":"a","score":0.8},{"label":"b","score":0.7}]}`, contract.OutcomeCounted, []string{"a 0.8", "b 0.7"}},
		{"a single one", `{"predictions":{"label":"a","score":0.8}}`, contract.OutcomeCounted, []string{"a 0.8"}},
		{"plain strings", `{"predictions":["a","b"]}`, contract.OutcomeCounted, []string{"a", "b"}},
		{"mixed members", `{"predictions":["a",[{"label":"b","score":0.5}],[],{"label":"c"}]}`, contract.OutcomeCounted, []string{"a", "b 0.5", "c"}},
		{"white space and other members", "\t{ \"model_name\" : {\"predictions\":[\"no\"]} ,\r\n\"predictions\" : [ [ {\"id\":[1,{}],\"score\" : 5e-1 , \"label\" : \"a\" } ] ] , \"n\":null } ", contract.OutcomeCounted, []string{"a 0.5"}},
		{"the first of equals", `{"predictions":[[{"label":"a","score":0.5},{"label":"b","score":0.50}]]}`, contract.OutcomeCounted, []string{"a 0.5"}},
		{"any score beats none", `{"predictions":[[{"label":"a"},{"label":"b","score":-1}]]}`, contract.OutcomeCounted, []string{"b -1"}},
		{"a null score is none", `{"predictions":[[{"label":"a","score":1,"score":null}]]}`, contract.OutcomeCounted, []string{"a"}},
		{"escapes", `{"predictions":[{"label":"\u00e9\n\"\\\/\ud83d\ude00","score":1}]}`, contract.OutcomeCounted, []string{"é\n\"\\/😀 1"}},
		{"lone surrogates", `{"predictions":["\ud83dx","\ude00","\ud83d\ud83d\ude00","\ud83d"]}`, contract.OutcomeCounted, []string{"\ufffdx", "\ufffd", "\ufffd😀", "\ufffd"}},
		{"an escaped key", `{"\u0070redictions":[{"l\u0061bel":"a"}]}`, contract.OutcomeCounted, []string{"a"}},
		{"the last of members that stand twice", `{"predictions":[1],"predictions":["a"]}`, contract.OutcomeCounted, []string{"a"}},
		{"the last label and score", `{"predictions":[{"label":"a","score":1,"label":"b","score":0.5}]}`, contract.OutcomeCounted, []string{"b 0.5"}},
		{"a bad label or score that another replaces", `{"predictions":[{"label":[1],"label":"a","score":{"x":1},"score":0.5}]}`, contract.OutcomeCounted, []string{"a 0.5"}},
		{"an empty label", `{"predictions":[""]}`, contract.OutcomeCounted, []string{""}},
		{"a label of invalid UTF-8", "{\"predictions\":[\"\xff\"]}", contract.OutcomeCounted, []string{"\xff"}},
		{"deep nesting elsewhere", `{"x":` + strings.Repeat(`[`, 9999) + strings.Repeat(`]`, 9999) + `,"predictions":["a"]}`, contract.OutcomeCounted, []string{"a"}},

		{"no predictions", `{"predictions":[]}`, contract.OutcomeNoPredictions, nil},
		{"empty predictions", `{"predictions":[[],[]]}`, contract.OutcomeNoPredictions, nil},
		{"null predictions", `{"predictions":null}`, contract.OutcomeNoPredictions, nil},
		{"the last is empty", `{"predictions":["a"],"predictions":[]}`, contract.OutcomeNoPredictions, nil},

		{"not JSON", `hello`, contract.OutcomeUnparsed, nil},
		{"HTML", `<html></html>`, contract.OutcomeUnparsed, nil},
		{"NaN is not JSON", `{"predictions":[{"label":"a","score":NaN}]}`, contract.OutcomeUnparsed, nil},
		{"another object", `{"error":"no"}`, contract.OutcomeUnparsed, nil},
		{"no object", `["a"]`, contract.OutcomeUnparsed, nil},
		{"a number", `12`, contract.OutcomeUnparsed, nil},
		{"predictions of numbers", `{"predictions":[1,2]}`, contract.OutcomeUnparsed, nil},
		{"predictions is a string", `{"predictions":"a"}`, contract.OutcomeUnparsed, nil},
		{"no label", `{"predictions":[[{"score":1}]]}`, contract.OutcomeUnparsed, nil},
		{"a label that is no string", `{"predictions":[[{"label":{"a":1},"score":1}]]}`, contract.OutcomeUnparsed, nil},
		{"a score that is no number", `{"predictions":[[{"label":"a","score":"1"}]]}`, contract.OutcomeUnparsed, nil},
		{"a score past float64", `{"predictions":[[{"label":"a","score":1e999}]]}`, contract.OutcomeUnparsed, nil},
		{"a score past our limit", `{"predictions":[[{"label":"a","score":0.` + strings.Repeat("1", maxNumberBytes) + `}]]}`, contract.OutcomeUnparsed, nil},
		{"a good label that a bad one replaces", `{"predictions":[{"label":"a","label":1}]}`, contract.OutcomeUnparsed, nil},
		{"a good score that a bad one replaces", `{"predictions":[{"label":"a","score":1,"score":true}]}`, contract.OutcomeUnparsed, nil},
		{"one bad member", `{"predictions":["a",2]}`, contract.OutcomeUnparsed, nil},
		{"trailing bytes", `{"predictions":["a"]}x`, contract.OutcomeUnparsed, nil},
		{"a second document", `{"predictions":["a"]}{}`, contract.OutcomeUnparsed, nil},
		{"a trailing comma", `{"predictions":["a",]}`, contract.OutcomeUnparsed, nil},
		{"brackets that do not match", `{"predictions":["a"}]`, contract.OutcomeUnparsed, nil},
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
			outcome, answers := scan(body)
			if outcome != test.outcome {
				t.Errorf("outcome %s, want %s", outcome, test.outcome)
			}
			if diff := cmp.Diff(test.answers, answers); diff != "" && outcome == contract.OutcomeCounted {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			checkSplits(t, body, outcome, answers)
		})
	}
}

// checkSplits cuts the body in two at every byte, and into single bytes.
func checkSplits(t *testing.T, body []byte, outcome string, answers []string) {
	t.Helper()
	check := func(pieces ...[]byte) {
		if gotOutcome, got := scan(pieces...); gotOutcome != outcome || !cmp.Equal(got, answers) {
			t.Fatalf("in pieces %q: %s %q, want %s %q", pieces, gotOutcome, got, outcome, answers)
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

func TestScannerIsReusable(t *testing.T) {
	var scanner Scanner
	for _, body := range []string{`{"predictions":["a"`, seedReply, `nul`, `"\ud83d`, seedReply} {
		var answers log
		scanner.Reset(Reply{}, &Options{}, &answers)
		scanner.Write([]byte(body))
		outcome := scanner.Close()
		wantOutcome, want := scan([]byte(body))
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
		scanner.Reset(Reply{}, &options, nothing{})
		scanner.Write(body)
		scanner.Close()
	})
	if allocations != 0 {
		t.Errorf("%v allocations a reply, want none", allocations)
	}
}

type nothing struct{}

func (nothing) Model(*contract.Text)          {}
func (nothing) Version(*contract.Text)        {}
func (nothing) Score(*contract.Text, float64) {}
func (nothing) Answer(Prediction)             {}
func (nothing) Discard()                      {}

// FuzzScanner checks that no cut changes the outcome, and that wherever
// encoding/json decodes a reply of our shape, the scanner says the same.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(seedReply), 10)
	f.Add([]byte(`{"predictions":[{"label":"\u00e9\ud83d\ude00","score":-1.5e-3}],"predictions":["a",[],{"label":"b","score":null}]}`), 3)
	f.Add([]byte(`{"x":[{},[],"",0,true,false,null],"predictions":null} `), 30)
	f.Fuzz(func(t *testing.T, body []byte, at int) {
		outcome, answers := scan(body)
		at = min(max(at, 0), len(body))
		if cutOutcome, cut := scan(body[:at], body[at:]); cutOutcome != outcome || !cmp.Equal(cut, answers) {
			t.Fatalf("cut at %d: %s %q, want %s %q", at, cutOutcome, cut, outcome, answers)
		}
		if len(body) > maxNumberBytes { // past which a score is too long for us
			return
		}
		wantOutcome, want := decode(body)
		if outcome != wantOutcome {
			t.Fatalf("outcome %s, encoding/json finds %s", outcome, wantOutcome)
		}
		if utf8.Valid(body) && outcome == contract.OutcomeCounted && !cmp.Equal(answers, want) {
			t.Fatalf("answers %q, encoding/json finds %q", answers, want)
		}
	})
}

func scan(pieces ...[]byte) (outcome string, answers []string) {
	var (
		scanner Scanner
		found   log
	)
	scanner.Reset(Reply{}, &Options{}, &found)
	for _, piece := range pieces {
		scanner.Write(piece)
	}
	return scanner.Close(), found
}

// decode is the straightforward reading of a reply, by encoding/json.
func decode(body []byte) (outcome string, answers []string) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var reply any
	if err := decoder.Decode(&reply); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return contract.OutcomeTruncated, nil
		}
		return contract.OutcomeUnparsed, nil
	}
	if _, err := decoder.Token(); err != io.EOF {
		return contract.OutcomeUnparsed, nil
	}
	members, _ := reply.(map[string]any)
	predictions, isListed := members["predictions"]
	if !isListed || !decodePredictions(predictions, &answers) {
		return contract.OutcomeUnparsed, nil
	}
	if len(answers) == 0 {
		return contract.OutcomeNoPredictions, nil
	}
	return contract.OutcomeCounted, answers
}

func decodePredictions(predictions any, answers *[]string) bool {
	switch predictions := predictions.(type) {
	case nil:
		return true
	case map[string]any:
		return decodeBest([]any{predictions}, answers)
	case []any:
		for _, prediction := range predictions {
			if !decodePrediction(prediction, answers) {
				return false
			}
		}
		return true
	}
	return false
}

func decodePrediction(prediction any, answers *[]string) bool {
	switch prediction := prediction.(type) {
	case string:
		*answers = append(*answers, gathered(prediction))
		return true
	case []any:
		return decodeBest(prediction, answers)
	}
	return decodeBest([]any{prediction}, answers)
}

func decodeBest(scores []any, answers *[]string) bool {
	best, bestScore, hasScore := "", 0.0, false
	for i, one := range scores {
		members, ok := one.(map[string]any)
		if !ok {
			return false
		}
		label, ok := members["label"].(string)
		if !ok {
			return false
		}
		score, isScored, ok := decodeScore(members)
		if !ok {
			return false
		}
		if i == 0 || isScored && (!hasScore || score > bestScore) {
			best, bestScore, hasScore = gathered(label), score, isScored
		}
	}
	switch {
	case len(scores) == 0:
	case hasScore:
		*answers = append(*answers, fmt.Sprintf("%s %v", best, bestScore))
	default:
		*answers = append(*answers, best)
	}
	return true
}

func decodeScore(members map[string]any) (score float64, isScored, ok bool) {
	switch value := members["score"].(type) {
	case nil:
		return 0, false, true
	case json.Number:
		score, err := value.Float64()
		return score, true, err == nil
	}
	return 0, false, false
}

func gathered(label string) string {
	var text contract.Text
	text.AddAll([]byte(label))
	return string(text.Append(nil))
}

func BenchmarkScanner(b *testing.B) {
	batch := bytes.Repeat([]byte(seedReply[len(`{"predictions":[`):len(seedReply)-2]+","), 1<<20/len(seedReply))
	bodies := map[string][]byte{
		"one":   []byte(seedReply),
		"batch": append(append([]byte(`{"predictions":[`), batch[:len(batch)-1]...), `]}`...),
	}
	for name, body := range bodies {
		b.Run(name+"/scanner", func(b *testing.B) {
			var scanner Scanner
			var options Options
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				scanner.Reset(Reply{}, &options, nothing{})
				scanner.Write(body)
				if outcome := scanner.Close(); outcome != contract.OutcomeCounted {
					b.Fatal(outcome)
				}
			}
		})
		b.Run(name+"/encoding_json", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				var reply struct {
					Predictions [][]struct {
						Label string
						Score float64
					}
				}
				if err := json.Unmarshal(body, &reply); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
