package expose

import (
	"math"

	dto "github.com/prometheus/client_model/go"

	"github.com/moodring/moodring/exporter/internal/transform"
)

// nativeForm is protobuf with native buckets in whole histograms. The plugin's
// histograms stay classic: their buckets are separate counters, and a page may have
// an observation in only some of them. The native bucket would shrink later, which
// is a counter reset to Prometheus.
//
// A client_model histogram has exponential buckets, but no custom bounds. So the
// observations of each classic bucket are spread evenly over the exponential
// buckets that it covers, as histogram_quantile assumes. The counts are fractions.
// They never shrink, because they are fixed shares of counts that never shrink. All
// are multiples of 2^-20, so that their sum is exactly the count, up to 2^33:
// Prometheus 2 refuses the whole page if the sum is above the count.
type nativeForm struct{ protobufForm }

func (nativeForm) appendSeries(dst []byte, s transform.Series) []byte {
	m := toDTO(s)
	if s.Histogram != nil && s.IsWhole {
		addNative(m.Histogram, s.Histogram)
	}
	return appendMetric(dst, m)
}

// nativeSchema makes each bound 9 % larger than the bound below: 2^(1/2^3).
const nativeSchema = 3

// addNative adds native buckets. The first classic bucket is the zero bucket. A
// histogram with a first bound of 0 or less stays classic.
func addNative(d *dto.Histogram, h *transform.Histogram) {
	if h.Count == 0 || len(h.Buckets) == 0 || h.Buckets[0].Bound <= 0 {
		return
	}
	schema, count, zero := int32(nativeSchema), float64(h.Count), float64(h.Buckets[0].Count)
	d.Schema, d.SampleCountFloat, d.ZeroThreshold, d.ZeroCountFloat = &schema, &count, &h.Buckets[0].Bound, &zero
	var spread spread
	for i, b := range h.Buckets[1:] {
		below := h.Buckets[i]
		spread.add(below.Bound, b.Bound, float64(b.Count-below.Count))
	}
	last := h.Buckets[len(h.Buckets)-1]
	if above := h.Count - last.Count; above > 0 { // all in the next bucket, as their values are not known
		spread.addTo(nativeIndex(last.Bound)+1, float64(above))
	}
	d.PositiveSpan, d.PositiveCount = spread.spans, spread.counts
}

// spread holds exponential buckets, ascending.
type spread struct {
	spans  []*dto.BucketSpan
	counts []float64
	last   int // index of the last bucket
}

// add spreads count observations between two bounds. Shares are rounded down. The
// largest bucket gets the rest: as it is so large, it never shrinks either.
func (s *spread) add(from, to, count float64) {
	if count <= 0 {
		return
	}
	const precision = 1 << 20
	overlap := func(i int) float64 { return min(to, nativeBound(i)) - max(from, nativeBound(i-1)) }
	share := func(i int) float64 { return math.Floor(count*(overlap(i)/(to-from))*precision) / precision }
	first, largest, rest := nativeIndex(from), nativeIndex(from), count
	for i := first; nativeBound(i-1) < to; i++ {
		if overlap(i) > overlap(largest) {
			largest = i
		}
		rest -= max(0, share(i))
	}
	for i := first; nativeBound(i-1) < to; i++ {
		n := max(0, share(i))
		if i == largest {
			n += rest
		}
		if n > 0 {
			s.addTo(i, n)
		}
	}
}

// addTo adds count to the bucket with index, which must not be below the last.
func (s *spread) addTo(index int, count float64) {
	switch {
	case len(s.counts) > 0 && index == s.last:
		s.counts[len(s.counts)-1] += count
		return
	case len(s.counts) > 0 && index == s.last+1:
		*s.spans[len(s.spans)-1].Length++
	default: // the offset is the distance from the last span, or from 0 for the first span
		offset, length := int32(index), uint32(1)
		if len(s.counts) > 0 {
			offset = int32(index - s.last - 1)
		}
		s.spans = append(s.spans, &dto.BucketSpan{Offset: &offset, Length: &length})
	}
	s.counts, s.last = append(s.counts, count), index
}

// nativeBound returns the upper bound of the bucket with index.
func nativeBound(index int) float64 { return math.Exp2(float64(index) / (1 << nativeSchema)) }

// nativeIndex returns the index of the bucket that contains bound.
func nativeIndex(bound float64) int { return int(math.Ceil(math.Log2(bound) * (1 << nativeSchema))) }
