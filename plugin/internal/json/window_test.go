package json

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func margin(text string) []byte { return []byte(text + strings.Repeat("\x00", Margin)) }

func TestDecimal(t *testing.T) {
	tests := []struct {
		text string
		end  int
		want float64
	}{
		{"0", 1, 0},
		{"-0", 2, math.Copysign(0, -1)},
		{"7,", 1, 7},
		{"1234567}", 7, 1234567},
		{"0.9889927506446838}", 18, 0.9889927506446838},
		{"0.0007109164143912494]", 21, 0.0007109164143912494},
		{"9.755275144514e-05 ", 18, 9.755275144514e-05},
		{"-1.5E+3", 7, -1500},
		{"0.0", 3, 0},
		{"0.00000000000000000000001", 25, 1e-23},
		{"1234567.12345678901", 19, 1234567.12345678901},
		{"1e22", 4, 1e22},
		{"1e-320", 6, 1e-320},
		{"0e999", 5, 0},
		{"12345678", 0, 0},
		{"0.000000000000000000000001", 0, 0},
		{"0.99999999999999999999", 0, 0},
		{"", 0, 0},
		{"-", 0, 0},
		{"01", 0, 0},
		{"-01", 0, 0},
		{".5", 0, 0},
		{"1.", 0, 0},
		{"1.e5", 0, 0},
		{"1e", 0, 0},
		{"1e+", 0, 0},
		{"1e0001", 0, 0},
		{"NaN", 0, 0},
	}
	for _, test := range tests {
		number, end := WindowOn(margin(test.text)).Decimal(0)
		if end != test.end {
			t.Errorf("%s ends at %d, want %d", test.text, end, test.end)
			continue
		}
		got, ok := number.Float([]byte(test.text[:end]))
		if end > 0 && (!ok || math.Float64bits(got) != math.Float64bits(test.want)) {
			t.Errorf("%s is %v, want %v", test.text, got, test.want)
		}
	}
}

// FuzzDecimal compares numbers of all lengths with strconv.
func FuzzDecimal(f *testing.F) {
	for _, seed := range []struct {
		mantissa uint64
		exponent int
	}{{9889927506446838, 16}, {0, 0}, {1 << 62, 27}, {9007199254740993, 0}, {9007199254740993, 22}, {4503599627370497500, 19}} {
		f.Add(seed.mantissa, seed.exponent, false)
	}
	f.Fuzz(func(t *testing.T, mantissa uint64, exponent int, isNegative bool) {
		checkDecimal(t, Decimal{mantissa >> 1, -int(uint(exponent) % 40), isNegative})
	})
}

func TestDecimalAtRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100000 {
		mantissa := random.Uint64() >> (1 + random.IntN(60))
		checkDecimal(t, Decimal{mantissa, random.IntN(30) - 28, random.IntN(2) == 0})
	}
}

// TestTies checks numbers halfway between two float64s, and their neighbours:
// odd numbers of 54 bits, divided by a power of two.
func TestTies(t *testing.T) {
	for power := range 4 {
		for odd := uint64(1<<53 + 1); odd < 1<<53+16; odd += 2 {
			half := odd * fives[power]
			for mantissa := half - 1; mantissa <= half+1; mantissa++ {
				checkDecimal(t, Decimal{mantissa, -power, false})
			}
		}
	}
}

func checkDecimal(t *testing.T, number Decimal) {
	t.Helper()
	text := fmt.Sprintf("%de%d", number.Mantissa, number.Exponent)
	if number.IsNegative {
		text = "-" + text
	}
	want, _ := strconv.ParseFloat(text, 64)
	got, ok := number.Float([]byte(text))
	if !ok || math.Float64bits(got) != math.Float64bits(want) {
		t.Fatalf("%s is %v, want %v", text, got, want)
	}
	if estimate, ok := number.Estimate(); ok && math.Abs(estimate-want) > want/(1<<52) {
		t.Fatalf("%s is about %v, want %v", text, estimate, want)
	}
}
