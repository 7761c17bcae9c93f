package filter

import "github.com/moodring/moodring/contract"

// counts are what replies add to one label.
type counts struct {
	answers uint64
	plain   uint64 // of them, that count under the label's bare name too
	given   uint64 // sum of the label's scores, on top or not, in millionths
	scores  sample // on top
}

func (c *counts) add(other *counts) {
	c.answers += other.answers
	c.given += other.given
	c.scores.addAll(&other.scores)
}

// sample is what replies add to a histogram.
type sample struct {
	count, sum uint64                     // the sum in millionths
	buckets    [contract.MaxBounds]uint64 // each without those below
}

// add notes a value, if the histogram takes it.
func (s *sample) add(to *shape, value float64) {
	if !to.takes(value) {
		return
	}
	s.count++
	s.sum += millionths(value)
	i := len(to.bounds)
	for i > 0 && value <= to.bounds[i-1].Value {
		i--
	}
	if i < len(to.bounds) {
		s.buckets[i]++
	}
}

func (s *sample) addAll(other *sample) {
	if other.count == 0 {
		return
	}
	s.count += other.count
	s.sum += other.sum
	for i, n := range other.buckets {
		s.buckets[i] += n
	}
}

// millionths rounds a value of at least 0. math.Round is many steps in Wasm.
func millionths(value float64) uint64 { return uint64(value*(1/contract.SumScale) + 0.5) }

// shape is what histograms of one metric have in common.
type shape struct {
	metric string
	bounds []contract.Bound
	most   float64 // that a value may be
}

// takes tells whether a value is what the histogram is about: a score outside of 0
// to 1 is no confidence.
func (s *shape) takes(value float64) bool { return value >= 0 && value <= s.most }

func shapeOf(metric string, most float64) shape {
	return shape{metric: metric, bounds: contract.Bounds(metric), most: most}
}

// tallies are the counts of one reply, by label.
type tallies struct {
	names
	counts []counts // by the label's number
}

func (t *tallies) find(label []byte, sum uint32) *counts {
	if number := t.names.find(label, sum); number >= 0 {
		return &t.counts[number]
	}
	return nil
}

// add begins the counts of a label that has none.
func (t *tallies) add(label []byte, sum uint32) *counts {
	number := t.names.add(label, sum)
	t.counts = append(t.counts[:number], counts{})
	return &t.counts[number]
}
