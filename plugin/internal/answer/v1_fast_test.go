package answer

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// readSingle reads a body as the filter does. The bytes behind the body look
// like its continuation.
func readSingle(body string) (answer string, ok bool) {
	behind := strings.Repeat(`9}]]},{"label":"`, json.Margin/16)
	label, score, ok := ReadSingle([]byte(body + behind)[:len(body)])
	if !ok {
		return "", false
	}
	return string(label) + " " + strconv.FormatFloat(score, 'g', -1, 64), true
}

func singleReply(scored ...string) string {
	return `{"predictions":[[` + strings.Join(scored, ",") + `]]}`
}

func scoredLabel(label, score string) string {
	return `{"label":"` + label + `","score":` + score + `}`
}

func TestReadSingle(t *testing.T) {
	joy := scoredLabel("joy", "0.5")
	tests := []struct{ name, body, want string }{
		{"one label", singleReply(joy), "joy 0.5"},
		{"the first is highest", singleReply(scoredLabel("joy", "0.9889927506446838"), scoredLabel("love", "0.004175746813416481")), "joy 0.98899275"},
		{"the last is highest", singleReply(scoredLabel("a", "0.1"), scoredLabel("b", "0.10000001"), scoredLabel("c", "0.2")), "c 0.2"},
		{"the first of equals", singleReply(scoredLabel("a", "0.50"), scoredLabel("b", "0.5")), "a 0.5"},
		{"scores of zero", singleReply(scoredLabel("a", "0.0"), scoredLabel("b", "0.00000000")), "a 0"},
		{"tiny scores beside a high score", singleReply(joy, scoredLabel("b", "9.1e-05"), scoredLabel("c", "1e-12")), "joy 0.5"},
		{"any text", singleReply(scoredLabel("so 'happy'/very-much.v2 é", "0.5")), "so 'happy'/very-much.v2 é 0.5"},
		{"no text", singleReply(scoredLabel("", "0.5")), " 0.5"},
		{"a long label", singleReply(scoredLabel(strings.Repeat("x", 1000), "0.5")), strings.Repeat("x", 1000) + " 0.5"},
		{"a long score", singleReply(scoredLabel("a", "0.12345678901234567")), "a 0.12345678"},
		{"just above a bound", singleReply(scoredLabel("a", "0.9900000000000001")), "a 0.9900000000000001"},
		{"a bound", singleReply(scoredLabel("a", "0.99000000")), "a 0.99"},
		{"just above half a millionth", singleReply(scoredLabel("a", "0.12345650000000001")), "a 0.12345650000000001"},
		{"just below half a millionth", singleReply(scoredLabel("a", "0.12345649999999999")), "a 0.1234565"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, ok := readSingle(test.body); !ok || got != test.want {
				t.Errorf("%q %v, want %q", got, ok, test.want)
			}
			checkReadSingle(t, test.body)
		})
	}
}

// TestReadSingleRefusesTheRest checks that all other spellings are left to the
// Scanner.
func TestReadSingleRefusesTheRest(t *testing.T) {
	joy := scoredLabel("joy", "0.5")
	good := singleReply(joy, joy)
	tests := map[string]string{
		"no reply":             "",
		"an empty list":        `{"predictions":[[]]}`,
		"two predictions":      `{"predictions":[[` + joy + `],[` + joy + `]]}`,
		"a flat list":          `{"predictions":[` + joy + `]}`,
		"another member":       `{"predictions":[[` + joy + `]],"id":1}`,
		"another key":          `{"redictionss":[[` + joy + `]]}`,
		"white space":          `{"predictions": [[` + joy + `]]}`,
		"white space behind":   good + "\n",
		"more behind":          good + "}",
		"a comma at the end":   `{"predictions":[[` + joy + `,]]}`,
		"no comma":             `{"predictions":[[` + joy + joy + `]]}`,
		"the score first":      singleReply(`{"score":0.5,"label":"joy"}`),
		"a member more":        singleReply(`{"label":"joy","score":0.5,"x":1}`),
		"an escape":            singleReply(scoredLabel(`\u006aoy`, "0.5")),
		"a control character":  singleReply(scoredLabel("j\noy", "0.5")),
		"a score of 1":         singleReply(scoredLabel("joy", "1.0")),
		"above 1":              singleReply(scoredLabel("joy", "10.5")),
		"below 0":              singleReply(scoredLabel("joy", "-0.5")),
		"no digit":             singleReply(scoredLabel("joy", "0.")),
		"no point":             singleReply(scoredLabel("joy", "0")),
		"null":                 singleReply(scoredLabel("joy", "null")),
		"a text for a score":   singleReply(scoredLabel("joy", `"0.5"`)),
		"an exponent":          singleReply(scoredLabel("joy", "0.5e1")),
		"a tiny score first":   singleReply(scoredLabel("a", "9e-05"), joy),
		"tiny beside tiny":     singleReply(scoredLabel("a", "0.00001"), scoredLabel("b", "9e-05")),
		"not so tiny":          singleReply(joy, scoredLabel("b", "9e-01")),
		"one digit for it":     singleReply(joy, scoredLabel("b", "9e-5")),
		"three digits for it":  singleReply(joy, scoredLabel("b", "9e-005")),
		"no digits for it":     singleReply(joy, scoredLabel("b", "9e-")),
		"no digit behind":      singleReply(joy, scoredLabel("b", "9.e-05")),
		"endless":              singleReply(joy, scoredLabel("b", "0.1"+strings.Repeat("2", 2000))),
		"endless and tiny":     singleReply(joy, scoredLabel("b", "1."+strings.Repeat("2", 2000)+"e-05")),
		"a long one and alike": singleReply(scoredLabel("a", "0.123456780"), scoredLabel("b", "0.123456781")),
	}
	for i := range len(good) {
		tests["cut at "+strconv.Itoa(i)] = good[:i]
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			if got, ok := readSingle(body); ok {
				t.Errorf("read as %q", got)
			}
		})
	}
	if _, _, ok := ReadSingle([]byte(good)[:len(good):len(good)]); ok {
		t.Error("read without room behind it")
	}
}

// checkReadSingle checks that a Scanner agrees with ReadSingle in all that is
// counted. Labels that contract.Text cuts are compared by their score only.
func checkReadSingle(t *testing.T, body string) (ok bool) {
	t.Helper()
	got, ok := readSingle(body)
	if !ok {
		return false
	}
	outcome, answers := scan(&Options{}, []byte(body))
	if outcome != contract.OutcomeCounted || len(answers) != 1 || asCounted(t, answers[0]) != asCounted(t, got) {
		t.Errorf("%q is %q, and to the scanner %s %q", body, got, outcome, answers)
	}
	return true
}

// asCounted returns a label, its score in millionths, and the number of
// histogram bounds below the score.
func asCounted(t *testing.T, answer string) (counted string) {
	t.Helper()
	end := strings.LastIndexByte(answer, ' ')
	label := answer[:end]
	score, err := strconv.ParseFloat(answer[end+1:], 64)
	if err != nil {
		t.Fatal(err)
	}
	if !contract.IsWhole([]byte(label)) {
		label = "cut"
	}
	below := 0
	for _, bound := range contract.Bounds(contract.Confidence) {
		if score > bound.Value {
			below++
		}
	}
	return fmt.Sprintf("%s %d %d", label, uint64(score*1e6+0.5), below)
}

// TestReadSingleGenerated checks generated replies, whole and with one byte
// changed.
func TestReadSingleGenerated(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 4))
	read := 0
	for range 20000 {
		var scored []string
		for range 1 + random.IntN(7) {
			format, precision := byte('f'), 1+random.IntN(18)
			if random.IntN(8) == 0 {
				format, precision = 'g', -1
			}
			score := random.Float64()
			for random.IntN(3) == 0 {
				score /= 100
			}
			scored = append(scored, scoredLabel(strings.Repeat("ab", random.IntN(12)), strconv.FormatFloat(score, format, precision, 64)))
		}
		body := []byte(singleReply(scored...))
		if checkReadSingle(t, string(body)) {
			read++
		}
		body[random.IntN(len(body))] = []byte(`0159"{}[],:.e-\ x`)[random.IntN(17)]
		checkReadSingle(t, string(body))
	}
	if read < 10000 {
		t.Errorf("only %d of 20000 replies were read", read)
	}
}

// FuzzReadSingle checks that a Scanner agrees.
func FuzzReadSingle(f *testing.F) {
	f.Add([]byte(singleReply(scoredLabel("joy", "0.98"), scoredLabel("love", "9.1e-05"))))
	f.Add([]byte(singleReply(scoredLabel("a", "0.123456789"), scoredLabel("", "0.123456788"))))
	f.Fuzz(func(t *testing.T, body []byte) { checkReadSingle(t, string(body)) })
}

func BenchmarkReadSingle(b *testing.B) {
	body := append([]byte(singleReply(scoredLabel("joy", "0.9889927506446838"), scoredLabel("love", "0.004175746813416481"),
		scoredLabel("anger", "0.003846140578389168"), scoredLabel("sadness", "0.0012988817179575562"))), make([]byte, json.Margin)...)
	body = body[:len(body)-json.Margin]
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, _, ok := ReadSingle(body); !ok {
			b.Fatal("not read")
		}
	}
}
