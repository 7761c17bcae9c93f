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

// sole reads a body as the filter does: with bytes behind it that look like more.
func sole(body string) (answer string, ok bool) {
	behind := strings.Repeat(`9}]]},{"label":"`, json.Margin/16)
	label, score, ok := Sole([]byte(body + behind)[:len(body)])
	if !ok {
		return "", false
	}
	return string(label) + " " + strconv.FormatFloat(score, 'g', -1, 64), true
}

func soleReply(scored ...string) string {
	return `{"predictions":[[` + strings.Join(scored, ",") + `]]}`
}

func scoredLabel(label, score string) string {
	return `{"label":"` + label + `","score":` + score + `}`
}

func TestSole(t *testing.T) {
	joy := scoredLabel("joy", "0.5")
	tests := []struct{ name, body, want string }{
		{"one label", soleReply(joy), "joy 0.5"},
		{"the first is highest", soleReply(scoredLabel("joy", "0.9889927506446838"), scoredLabel("love", "0.004175746813416481")), "joy 0.98899275"},
		{"the last is highest", soleReply(scoredLabel("a", "0.1"), scoredLabel("b", "0.10000001"), scoredLabel("c", "0.2")), "c 0.2"},
		{"the first of equals", soleReply(scoredLabel("a", "0.50"), scoredLabel("b", "0.5")), "a 0.5"},
		{"none", soleReply(scoredLabel("a", "0.0"), scoredLabel("b", "0.00000000")), "a 0"},
		{"tiny ones beside a high one", soleReply(joy, scoredLabel("b", "9.1e-05"), scoredLabel("c", "1e-12")), "joy 0.5"},
		{"any text", soleReply(scoredLabel("so 'happy'/very-much.v2 é", "0.5")), "so 'happy'/very-much.v2 é 0.5"},
		{"no text", soleReply(scoredLabel("", "0.5")), " 0.5"},
		{"a long label", soleReply(scoredLabel(strings.Repeat("x", 1000), "0.5")), strings.Repeat("x", 1000) + " 0.5"},
		{"a long score", soleReply(scoredLabel("a", "0.12345678901234567")), "a 0.12345678"},
		{"just above a bound", soleReply(scoredLabel("a", "0.9900000000000001")), "a 0.9900000000000001"},
		{"a bound", soleReply(scoredLabel("a", "0.99000000")), "a 0.99"},
		{"just above half a millionth", soleReply(scoredLabel("a", "0.12345650000000001")), "a 0.12345650000000001"},
		{"just below half a millionth", soleReply(scoredLabel("a", "0.12345649999999999")), "a 0.1234565"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, ok := sole(test.body); !ok || got != test.want {
				t.Errorf("%q %v, want %q", got, ok, test.want)
			}
			checkSole(t, test.body)
		})
	}
}

// TestSoleLeavesTheRest: what is not quite such a reply is the Scanner's to read.
func TestSoleLeavesTheRest(t *testing.T) {
	joy := scoredLabel("joy", "0.5")
	good := soleReply(joy, joy)
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
		"the score first":      soleReply(`{"score":0.5,"label":"joy"}`),
		"a member more":        soleReply(`{"label":"joy","score":0.5,"x":1}`),
		"an escape":            soleReply(scoredLabel(`\u006aoy`, "0.5")),
		"a control character":  soleReply(scoredLabel("j\noy", "0.5")),
		"a score of 1":         soleReply(scoredLabel("joy", "1.0")),
		"above 1":              soleReply(scoredLabel("joy", "10.5")),
		"below 0":              soleReply(scoredLabel("joy", "-0.5")),
		"no digit":             soleReply(scoredLabel("joy", "0.")),
		"no point":             soleReply(scoredLabel("joy", "0")),
		"null":                 soleReply(scoredLabel("joy", "null")),
		"a text for a score":   soleReply(scoredLabel("joy", `"0.5"`)),
		"an exponent":          soleReply(scoredLabel("joy", "0.5e1")),
		"a tiny score first":   soleReply(scoredLabel("a", "9e-05"), joy),
		"tiny beside tiny":     soleReply(scoredLabel("a", "0.00001"), scoredLabel("b", "9e-05")),
		"not so tiny":          soleReply(joy, scoredLabel("b", "9e-01")),
		"one digit for it":     soleReply(joy, scoredLabel("b", "9e-5")),
		"three digits for it":  soleReply(joy, scoredLabel("b", "9e-005")),
		"no digits for it":     soleReply(joy, scoredLabel("b", "9e-")),
		"no digit behind":      soleReply(joy, scoredLabel("b", "9.e-05")),
		"endless":              soleReply(joy, scoredLabel("b", "0.1"+strings.Repeat("2", 2000))),
		"endless and tiny":     soleReply(joy, scoredLabel("b", "1."+strings.Repeat("2", 2000)+"e-05")),
		"a long one and alike": soleReply(scoredLabel("a", "0.123456780"), scoredLabel("b", "0.123456781")),
	}
	for i := range len(good) {
		tests["cut at "+strconv.Itoa(i)] = good[:i]
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			if got, ok := sole(body); ok {
				t.Errorf("read as %q", got)
			}
		})
	}
	if _, _, ok := Sole([]byte(good)[:len(good):len(good)]); ok {
		t.Error("read without room behind it")
	}
}

// checkSole checks that a Scanner says of a reply what Sole says, if anything, as
// far as anybody counts it. Labels that a contract.Text would cut are not the
// Scanner's.
func checkSole(t *testing.T, body string) (ok bool) {
	t.Helper()
	got, ok := sole(body)
	if !ok {
		return false
	}
	outcome, answers := scan(&Options{}, []byte(body))
	if outcome != contract.OutcomeCounted || len(answers) != 1 || asCounted(t, answers[0]) != asCounted(t, got) {
		t.Errorf("%q is %q, and to the scanner %s %q", body, got, outcome, answers)
	}
	return true
}

// asCounted returns an answer with its score in millionths, and how many of the
// histogram's bounds are below it.
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

// TestSoleOfMany: of replies as models give them, and with a byte changed.
func TestSoleOfMany(t *testing.T) {
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
		body := []byte(soleReply(scored...))
		if checkSole(t, string(body)) {
			read++
		}
		body[random.IntN(len(body))] = []byte(`0159"{}[],:.e-\ x`)[random.IntN(17)]
		checkSole(t, string(body))
	}
	if read < 10000 {
		t.Errorf("only %d of 20000 replies were read", read)
	}
}

// FuzzSole checks that a Scanner says the same.
func FuzzSole(f *testing.F) {
	f.Add([]byte(soleReply(scoredLabel("joy", "0.98"), scoredLabel("love", "9.1e-05"))))
	f.Add([]byte(soleReply(scoredLabel("a", "0.123456789"), scoredLabel("", "0.123456788"))))
	f.Fuzz(func(t *testing.T, body []byte) { checkSole(t, string(body)) })
}

func BenchmarkSole(b *testing.B) {
	body := append([]byte(soleReply(scoredLabel("joy", "0.9889927506446838"), scoredLabel("love", "0.004175746813416481"),
		scoredLabel("anger", "0.003846140578389168"), scoredLabel("sadness", "0.0012988817179575562"))), make([]byte, json.Margin)...)
	body = body[:len(body)-json.Margin]
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, _, ok := Sole(body); !ok {
			b.Fatal("not read")
		}
	}
}
