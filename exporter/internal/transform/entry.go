package transform

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/contract"
)

// entry is a series that was on a page. Its values are of the page whose number
// they have, and nothing on any other.
type entry struct {
	*Family
	from       labels.Labels // of which labels were made, and by which it is found
	name       string        // "" where relabelling leaves none
	labels     labels.Labels // relabelled
	isUnwanted bool          // relabelling drops it
	size       int           // what it takes of a page, about
	page       int

	value  cell
	*parts          // nil but for a histogram
	group  []*entry // the members of its closed set, and what comes with them
}

// parts are a histogram's.
type parts struct {
	sum, count cell
	buckets    []*bucket // ascending
	isFixed    bool      // the buckets are known beforehand: one that has not counted is 0
}

// cell is a sum of samples.
type cell struct {
	page int
	sum  float64
}

func (c *cell) add(page int, value float64) {
	if c.page != page {
		c.page, c.sum = page, 0
	}
	c.sum += value
}

// on returns the sum of the page's samples.
func (c *cell) on(page int) float64 {
	if c.page != page {
		return 0
	}
	return c.sum
}

type bucket struct {
	cell
	bound float64
}

// maxBuckets bounds what a gateway can make a histogram hold; Envoy's have the
// usual number, where it was not told others.
const (
	usualBuckets = 19
	maxBuckets   = 64
)

// bucket returns the bucket that ends at bound, nil where there are too many.
func (e *entry) bucket(bound float64) *bucket {
	at, found := slices.BinarySearchFunc(e.buckets, bound, func(b *bucket, bound float64) int { return cmp.Compare(b.bound, bound) })
	if !found && len(e.buckets) == maxBuckets {
		return nil
	}
	if !found {
		e.buckets = slices.Insert(e.buckets, at, &bucket{bound: bound})
	}
	return e.buckets[at]
}

// series returns what the page says of the entry. A histogram without its count
// is not one.
func (e *entry) series(page int) (s Series, ok bool) {
	s = Series{Family: e.Family, Name: e.name, Labels: e.labels}
	if e.Type != contract.Histogram {
		s.Value = e.value.on(page)
		return s, true
	}
	s.Histogram = e.histogram(page)
	return s, e.count.page == page
}

// histogram puts the parts together. The page is not of one instant, so that a
// bucket may be ahead of the count, and stats that never counted are not on it:
// each bucket is brought between its lower neighbour and the count.
func (e *entry) histogram(page int) *Histogram {
	h := &Histogram{Count: uint64(e.count.on(page)), Sum: e.sum.on(page), Buckets: make([]Bucket, 0, len(e.buckets))}
	var below uint64
	for _, b := range e.buckets {
		if b.page == page || e.isFixed {
			below = min(max(below, uint64(b.on(page))), h.Count)
			h.Buckets = append(h.Buckets, Bucket{b.bound, below})
		}
	}
	return h
}

// entry returns the entry of a family's name and labels, given as keys and
// values in turn, making it if need be.
func (s *Shaper) entry(family *Family, name string, labelPairs ...string) *entry {
	builder := labels.NewBuilder(s.options.Labels)
	builder.Set(model.MetricNameLabel, name)
	for i := 0; i < len(labelPairs); i += 2 {
		builder.Set(labelPairs[i], labelPairs[i+1])
	}
	from := builder.Labels()
	if known := s.entries[from]; known != nil {
		return known
	}
	e := &entry{Family: family, from: from}
	if family.Type == contract.Histogram {
		e.parts = new(parts)
	}
	e.relabel(builder, s.options.Relabel)
	for _, bound := range contract.Bounds(name) {
		e.bucket(bound.Value)
		e.isFixed = true
	}
	e.size = int(e.labels.ByteSize()) * e.lines()
	s.entries[from] = e
	s.sorted, s.isSorted = append(s.sorted, e), false
	s.entriesHeld += e.held()
	return e
}

// compare puts entries in order by their labels, and those that relabelling made
// alike by what they were.
func (e *entry) compare(other *entry) int {
	if order := labels.Compare(e.labels, other.labels); order != 0 {
		return order
	}
	return bytes.Compare(e.from.Bytes(nil), other.from.Bytes(nil))
}

// lines are those of the entry on a page of ours; each has all the labels.
func (e *entry) lines() int {
	const ends = 3 // +Inf, sum and count
	switch {
	case e.Type != contract.Histogram:
		return 1
	case e.isFixed:
		return len(e.buckets) + ends
	}
	return usualBuckets + ends // of a page that is read line by line, more may come
}

// held is how much memory the entry takes, about.
func (e *entry) held() int { return int(e.from.ByteSize()) + int(e.labels.ByteSize()) + overhead }

func (e *entry) relabel(builder *labels.Builder, rules []*relabel.Config) {
	e.isUnwanted = !relabel.ProcessBuilder(builder, rules...)
	legacyNames(builder)
	if e.labels = builder.Labels(); labels.Equal(e.labels, e.from) {
		e.labels = e.from // and not the same text twice
	}
	e.name = e.labels.Get(model.MetricNameLabel)
}

// legacyNames escapes the names that not every scraper reads, as Prometheus's
// own libraries do for such a scraper.
func legacyNames(builder *labels.Builder) {
	builder.Range(func(l labels.Label) {
		switch {
		case l.Name == model.MetricNameLabel:
			builder.Set(l.Name, model.EscapeName(l.Value, model.UnderscoreEscaping))
		case !model.LegacyValidation.IsValidLabelName(l.Name):
			builder.Del(l.Name).Set(model.EscapeName(l.Name, model.UnderscoreEscaping), l.Value)
		}
	})
}

// forget drops all entries.
func (s *Shaper) forget() {
	s.uses, s.entries, s.sorted = make(map[string]*use), make(map[labels.Labels]*entry), nil
	s.usesHeld, s.entriesHeld = 0, 0
}

// undo drops the entries made since there were n, which nothing refers to.
func (s *Shaper) undo(n int) {
	for _, e := range s.sorted[n:] {
		delete(s.entries, e.from)
		s.entriesHeld -= e.held()
	}
	clear(s.sorted[n:])
	s.sorted = s.sorted[:n]
}
