package json

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// checkParse compares Parse with strconv.
func checkParse(t *testing.T, text string) {
	t.Helper()
	want, err := strconv.ParseFloat(text, 64)
	got, ok := Parse([]byte(text))
	if ok != (err == nil) || ok && math.Float64bits(got) != math.Float64bits(want) {
		t.Fatalf("%s is %v, %v, want %v, %v", text, got, ok, want, err)
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{
		"0", "-0", "0.0", "0e999", "1", "-1.5", "1e22", "1e23", "1e308", "1e309", "-1e400", "1.7976931348623157e308", "1.7976931348623159e308",
		"5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072014e-308", "1e-999", "1e-99999999999",
		"1e99999999999", "0.33333333333333333333333", "9007199254740993", "9007199254740993.0000000000000000000001",
		"0." + strings.Repeat("0", 320) + "1", strings.Repeat("9", 309), strings.Repeat("9", 308) + "." + strings.Repeat("9", 700),
		"1" + strings.Repeat("0", 308), "0." + strings.Repeat("3", 1020), "179769313486231580793" + strings.Repeat("0", 288),
	} {
		checkParse(t, text)
	}
	for _, text := range []string{"", "-", ".", "-."} {
		if text == "" {
			continue
		}
		if _, ok := Parse([]byte(text)); ok {
			t.Errorf("%q is a number", text)
		}
	}
}

func TestParseAtRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 20000 {
		bits := random.Uint64()
		value := math.Float64frombits(bits)
		if math.IsNaN(value) || math.IsInf(value, 0) {
			continue
		}
		checkParse(t, strconv.FormatFloat(value, 'e', 10+random.IntN(30), 64))
		checkParse(t, strconv.FormatFloat(value, 'g', -1, 64))
		// Halfway between two neighbours, and nearly so.
		next := math.Nextafter(value, math.Inf(1))
		middle := strconv.FormatFloat(value/2+next/2, 'e', 60, 64)
		checkParse(t, middle)
	}
	for range 5000 {
		var text strings.Builder
		for range 1 + random.IntN(400) {
			text.WriteByte('0' + byte(random.IntN(10)))
		}
		whole := strings.TrimLeft(text.String(), "0") + "0"
		checkParse(t, whole+"e"+strconv.Itoa(random.IntN(800)-600))
		checkParse(t, "0."+text.String())
	}
}

// FuzzParse compares Parse with strconv, for numbers in JSON's form.
func FuzzParse(f *testing.F) {
	f.Add(uint64(1), uint64(1<<63), -300, "0")
	f.Add(uint64(9007199254740993), uint64(0), 3, "99")
	f.Fuzz(func(t *testing.T, whole, fraction uint64, exponent int, more string) {
		text := strconv.FormatUint(whole, 10) + "." + strconv.FormatUint(fraction, 10)
		for _, c := range []byte(more) {
			text += string('0' + c%10)
		}
		if len(text) < maxNumberBytes-20 {
			checkParse(t, text+"e"+strconv.Itoa(exponent))
		}
	})
}

func TestParseIndex(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "12": 12, "999999999999999999": 999999999999999999} {
		if got, ok := ParseIndex([]byte(text)); got != want || !ok {
			t.Errorf("%s is %d", text, got)
		}
	}
	for _, text := range []string{"", "-1", "1.0", "99999999999999999999"} {
		if got, ok := ParseIndex([]byte(text)); ok {
			t.Errorf("%s is %d", text, got)
		}
	}
}
