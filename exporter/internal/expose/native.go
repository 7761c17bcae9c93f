package expose

import (
	"math"

	dto "github.com/prometheus/client_model/go"

	"github.com/moodring/moodring/exporter/internal/transform"
)

// nativeForm is protobuf in which whole histograms have native buckets too. The
// plugin's are separate counters: a page may catch one observation in half of
// them, and a native bucket that shrinks is a counter reset to Prometheus.
//
// A client_model histogram has exponential buckets only, none with custom
// bounds, so each of ours is spread over the exponential ones that it covers, as
// histogram_quantile takes its observations to be spread. Counts are fractions
// then; as shares of a bucket that only grows they only grow.
type nativeForm struct{ protobufForm }

func (nativeForm) appendSeries(dst []byte, s transform.Series) []byte {
	m := toDTO(s)
	if s.Histogram != nil && s.IsWhole {
		addNative(m.Histogram, s.Histogram)
	}
	return appendMetric(dst, m)
}

// nativeSchema makes each bucket 9 % wider than the one before: 2^(1/2^3).
const nativeSchema = 3

// addNative adds native buckets. What is up to the first bound is the zero
// bucket; bounds that are not above 0 have no native form.
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
	if above := h.Count - last.Count; above > 0 { // how far is not known
		spread.addTo(nativeIndex(last.Bound)+1, float64(above))
	}
	d.PositiveSpan, d.PositiveCount = spread.spans, spread.counts
}

// spread is ascending exponential buckets.
type spread struct {
	spans  []*dto.BucketSpan
	counts []float64
	last   int // index of the last bucket
}

// add adds count observations between two bounds.
func (s *spread) add(from, to, count float64) {
	for i := nativeIndex(from); count > 0 && nativeBound(i-1) < to; i++ {
		if overlap := min(to, nativeBound(i)) - max(from, nativeBound(i-1)); overlap > 0 {
			s.addTo(i, count*overlap/(to-from))
		}
	}
}

// addTo adds to the bucket of an index, which is the last or above it.
func (s *spread) addTo(index int, count float64) {
	switch {
	case len(s.counts) > 0 && index == s.last:
		s.counts[len(s.counts)-1] += count
		return
	case len(s.counts) > 0 && index == s.last+1:
		*s.spans[len(s.spans)-1].Length++
	default: // an offset is the distance from the span before, and of the first from 0
		offset, length := int32(index), uint32(1)
		if len(s.counts) > 0 {
			offset = int32(index - s.last - 1)
		}
		s.spans = append(s.spans, &dto.BucketSpan{Offset: &offset, Length: &length})
	}
	s.counts, s.last = append(s.counts, count), index
}

// nativeBound is where the bucket of an index ends.
func nativeBound(index int) float64 { return math.Exp2(float64(index) / (1 << nativeSchema)) }

// nativeIndex is that of the bucket which a bound is in.
func nativeIndex(bound float64) int { return int(math.Ceil(math.Log2(bound) * (1 << nativeSchema))) }
