package filter

import "github.com/moodring/moodring/contract"

// tally is what one reply adds to one label.
type tally struct {
	text [contract.MaxLabelBytes]byte
	size int
	sum  uint32 // hash of the label
	counts
}

type counts struct {
	answers uint64
	given   uint64 // sum of the label's scores, on top or not, in millionths
	scores  sample // on top
}

func (c *counts) add(other *counts) {
	c.answers += other.answers
	c.given += other.given
	c.scores.count += other.scores.count
	c.scores.sum += other.scores.sum
	for i, n := range other.scores.buckets {
		c.scores.buckets[i] += n
	}
}

func (t *tally) name() []byte { return t.text[:t.size] }

// sample is what one reply adds to a histogram.
type sample struct {
	count, sum uint64             // the sum in millionths
	buckets    [mostBounds]uint64 // each without those below
}

// mostBounds is the number of bounds of the contract's longest histogram.
const mostBounds = 10

// add notes a value of at least 0 that is at most the histogram's most. Others
// are not what it is about: a score outside of 0 to 1 is no confidence.
func (s *sample) add(to *shape, value float64) {
	if !(value >= 0 && value <= to.most) {
		return
	}
	s.count++
	s.sum += millionths(value)
	for i := range to.bounds {
		if value <= to.bounds[i].Value {
			s.buckets[i]++
			return
		}
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

func shapeOf(metric string, most float64) shape {
	return shape{metric: metric, bounds: contract.Bounds(metric), most: most}
}

// tallies are those of one reply, by label.
type tallies struct {
	list  []tally
	index []uint16 // by hash, open addressing: a position in list plus one, or 0
}

func (t *tallies) len() int { return len(t.list) }

func (t *tallies) reset() {
	t.list = t.list[:0]
	clear(t.index)
}

func (t *tallies) find(name []byte, sum uint32) *tally {
	if len(t.list) == 0 {
		return nil
	}
	for i := t.slot(sum); t.index[i] != 0; i = t.next(i) {
		if known := &t.list[t.index[i]-1]; known.sum == sum && string(known.name()) == string(name) {
			return known
		}
	}
	return nil
}

// add makes a tally for a label that has none.
func (t *tallies) add(name []byte, sum uint32) *tally {
	if 2*len(t.list) >= len(t.index) {
		t.grow()
	}
	if len(t.list) < cap(t.list) {
		t.list = t.list[:len(t.list)+1]
	} else {
		t.list = append(t.list, tally{})
	}
	added := &t.list[len(t.list)-1]
	added.size, added.sum, added.counts = copy(added.text[:], name), sum, counts{}
	t.enter(len(t.list))
	return added
}

func (t *tallies) grow() {
	t.index = make([]uint16, max(32, 2*len(t.index)))
	for position := range len(t.list) {
		t.enter(position + 1)
	}
}

func (t *tallies) enter(position int) {
	i := t.slot(t.list[position-1].sum)
	for t.index[i] != 0 {
		i = t.next(i)
	}
	t.index[i] = uint16(position)
}

func (t *tallies) slot(sum uint32) int { return int(sum) & (len(t.index) - 1) }
func (t *tallies) next(slot int) int   { return (slot + 1) & (len(t.index) - 1) }

// hash is FNV-1a, 32 bits.
func hash(name []byte) uint32 {
	sum := uint32(2166136261)
	for _, c := range name {
		sum = (sum ^ uint32(c)) * 16777619
	}
	return sum
}
