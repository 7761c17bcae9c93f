package expose

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// native returns a histogram as Prometheus reads it from the page.
func native(t *testing.T, h *transform.Histogram) *histogram.FloatHistogram {
	t.Helper()
	s := one("h", contract.Histogram, "", 0)
	s.Histogram, s.IsWhole = h, true
	parser := textparse.NewProtobufParser(encodedIn(t, formNative, []transform.Series{s}), false, false, false, false, labels.NewSymbolTable())
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		if entry != textparse.EntryHistogram {
			continue
		}
		_, _, whole, float := parser.Histogram()
		if whole != nil {
			float = whole.ToFloat(nil)
		}
		if err := float.Validate(); err != nil {
			t.Error(err)
		}
		return float
	}
}

func TestNativeHistogram(t *testing.T) {
	got := native(t, &transform.Histogram{Count: 100, Sum: 81, Buckets: []transform.Bucket{{Bound: 0.2, Count: 5}, {Bound: 0.5, Count: 5}, {Bound: 0.9, Count: 45}, {Bound: 1, Count: 95}}})
	if got.Count != 100 || got.Sum != 81 || got.ZeroCount != 5 || got.ZeroThreshold != 0.2 || got.Schema != 3 {
		t.Errorf("got %+v", got)
	}
	// The native counts are those of classic buckets with evenly spread observations.
	below := got.ZeroCount
	for buckets := got.PositiveBucketIterator(); buckets.Next(); {
		b := buckets.At()
		below += b.Count
		want := 5 + 40*max(0, min(1, (b.Upper-0.5)/0.4)) + 50*max(0, min(1, (b.Upper-0.9)/0.1))
		if b.Lower >= 1 {
			want = 100
		}
		if math.Abs(below-want) > 1e-5 { // counts are rounded to 2^-20
			t.Errorf("%g observations up to %g, want %g", below, b.Upper, want)
		}
	}
	if below != 100 {
		t.Errorf("%g observations in all, want 100", below)
	}
}

// The sum of all buckets is exactly the count, in the order in which Prometheus adds
// them up. Prometheus 2.42 refuses a page with a larger sum.
func TestNativeHistogramSumsToItsCount(t *testing.T) {
	bounds := []float64{0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 1800, 3600}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		h := &transform.Histogram{Sum: 1}
		for _, bound := range bounds {
			if random.IntN(2) == 0 {
				h.Count += random.Uint64N(1 << (1 + random.IntN(28)))
			}
			h.Buckets = append(h.Buckets, transform.Bucket{Bound: bound, Count: h.Count})
		}
		if h.Count == 0 {
			continue
		}
		got, sum := native(t, h), 0.0
		for buckets := got.PositiveBucketIterator(); buckets.Next(); {
			sum += buckets.At().Count
		}
		if sum+got.ZeroCount != got.Count {
			t.Fatalf("the buckets of %v have %v observations", h, sum+got.ZeroCount)
		}
	}
}

// A native bucket never shrinks while the classic bucket grows: Prometheus would
// take that for a counter reset.
func TestNativeHistogramNeverShrinks(t *testing.T) {
	var before *histogram.FloatHistogram
	for n := range uint64(50) {
		h := native(t, &transform.Histogram{Count: 1 + 3*n, Sum: 1, Buckets: []transform.Bucket{{Bound: 0.0005, Count: n / 7}, {Bound: 0.025, Count: n/7 + n/2}, {Bound: 60, Count: n/7 + n/2 + n}, {Bound: 3600, Count: 3 * n}}})
		if before != nil && h.DetectReset(before) {
			t.Errorf("at %d Prometheus sees a reset", n)
		}
		before = h
	}
}

// The plugin's histograms stay classic.
func TestNativeHistogramOfParts(t *testing.T) {
	s := one("h", contract.Histogram, "", 0)
	s.Histogram = &transform.Histogram{Count: 2, Buckets: []transform.Bucket{{Bound: 0.5, Count: 1}, {Bound: 1, Count: 2}}}
	if got, want := string(encodedIn(t, formNative, []transform.Series{s})), string(encodedIn(t, formProtobuf, []transform.Series{s})); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNativeHistogramOfNothing(t *testing.T) {
	for _, h := range []*transform.Histogram{
		{}, {Count: 1}, {Buckets: []transform.Bucket{{Bound: 1}}}, {Count: 2, Buckets: []transform.Bucket{{Bound: -1, Count: 1}, {Bound: 1, Count: 2}}},
	} {
		if got := native(t, h); got != nil {
			t.Errorf("%v: got %v, want a classic one", h, got)
		}
	}
}
