package counters

import (
	"slices"

	"github.com/moodring/moodring/contract"
)

// values holds the numbers that a model has answered in a reply, or since the last
// Flush.
type values struct {
	count         uint64
	sum, negative uint64                          // of the values from 0 on, and of the others without their sign, in millionths
	buckets       [contract.MaxValueBounds]uint64 // not cumulative
}

// maxSummed is the largest number that is added to a sum, so that a sum of 64 bits
// takes millions of them.
const maxSummed = 1e12

func (v *values) add(value float64, bounds []contract.Bound) {
	v.count++
	if value < 0 {
		v.negative += millionths(min(-value, maxSummed))
	} else {
		v.sum += millionths(min(value, maxSummed))
	}
	for i := range bounds {
		if value <= bounds[i].Value {
			v.buckets[i]++
			return
		}
	}
}

func (v *values) addAll(other *values) {
	v.count += other.count
	v.sum += other.sum
	v.negative += other.negative
	for i, n := range other.buckets {
		v.buckets[i] += n
	}
}

// valueHistogram is the histogram of the numbers that a model answers, with the
// bounds of the model's configuration.
type valueHistogram struct {
	bounds               []contract.Bound
	count, sum, negative counter
	buckets              []counter
	pending              values
}

// valuesOf returns the histogram of a model with these bounds. After a change of the
// bounds, the histogram counts in other buckets from then on.
func (c *Counters) valuesOf(model *Model, bounds []contract.Bound) *valueHistogram {
	if model.values == nil || !slices.Equal(model.values.bounds, bounds) {
		c.flushValues(model)
		model.values = &valueHistogram{bounds: bounds, buckets: make([]counter, len(bounds))}
	}
	return model.values
}

// flushValues adds the numbers since the last Flush to the proxy's counters.
func (c *Counters) flushValues(model *Model) {
	h := model.values
	if h == nil || h.pending.count == 0 {
		return
	}
	s := series{model: model}
	c.incrementPart(&h.count, h.pending.count, &s, contract.SuffixCount, "")
	c.incrementPart(&h.sum, h.pending.sum, &s, contract.SuffixSumMillionths, "")
	c.incrementPart(&h.negative, h.pending.negative, &s, contract.SuffixNegativeMillionths, "")
	cumulative := uint64(0)
	for i := range h.bounds {
		cumulative += h.pending.buckets[i]
		c.incrementPart(&h.buckets[i], cumulative, &s, contract.SuffixBucket, h.bounds[i].Le)
	}
	h.pending = values{}
}

func (c *Counters) incrementPart(part *counter, n uint64, s *series, suffix, le string) {
	if !c.increment(part, n) {
		c.define(part, n, s.stat(contract.PredictionValue, suffix, le))
	}
}
