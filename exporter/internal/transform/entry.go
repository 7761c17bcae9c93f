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

// entry is a series that the Transformer remembers. A value counts only if it has
// the number of the current page; otherwise it is left over from an earlier page.
type entry struct {
	*Family
	from       labels.Labels // before relabelling: the entry's key
	labels     labels.Labels // after relabelling
	name       string        // after relabelling; "" if the series cannot be exported
	isUnwanted bool          // relabelling drops the series
	pageBytes  int           // size on the exporter's own page, about
	page       int           // the last page with the series
	exported   int           // the last page that ended with the series
	start      Start

	value     cell
	*parts              // nil unless the series is a histogram
	closedSet []*entry  // exported at 0 when this entry is on the page and they are not
	upstream  *upstream // nil unless the series is an upstream time
}

// parts are the values of a histogram.
type parts struct {
	sum, count cell
	buckets    []*bucket // ascending
	isFixed    bool      // the contract gives the bounds: a bucket missing on the page is 0
}

// cell is the sum of one or more samples of a page.
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

// on returns the sum on a page.
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

const (
	maxBuckets   = 64 // a gateway cannot make a histogram longer
	usualBuckets = 19 // in Envoy's default configuration
)

// bucket returns the bucket with a bound, or nil if there are too many.
func (e *entry) bucket(bound float64) *bucket {
	at, ok := slices.BinarySearchFunc(e.buckets, bound, func(b *bucket, bound float64) int { return cmp.Compare(b.bound, bound) })
	if !ok && len(e.buckets) == maxBuckets {
		return nil
	}
	if !ok {
		e.buckets = slices.Insert(e.buckets, at, &bucket{bound: bound})
	}
	return e.buckets[at]
}

func (e *entry) isGauge() bool { return e.Type == contract.Gauge }

// series returns the entry's series on a page. ok is false for a histogram without
// its count.
func (e *entry) series(page int) (s Series, ok bool) {
	s = Series{Family: e.Family, Name: e.name, Labels: e.labels, Start: e.start}
	if e.Type != contract.Histogram {
		s.Value = e.value.on(page)
		return s, true
	}
	s.Histogram = e.histogram(page)
	return s, e.count.page == page
}

// histogram puts the parts together. Envoy does not read all parts at one instant,
// so a bucket may be ahead of the count, and a page leaves out stats that never
// counted. So each bucket is raised to the bucket below, and lowered to the count.
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

// entry returns the entry of a family, a name and labels, given as keys and values
// in turn, and makes a missing entry.
func (t *Transformer) entry(family *Family, name string, labelPairs ...string) *entry {
	builder := labels.NewBuilder(t.options.Labels)
	builder.Set(model.MetricNameLabel, name)
	for i := 0; i < len(labelPairs); i += 2 {
		builder.Set(labelPairs[i], labelPairs[i+1])
	}
	from := builder.Labels()
	if known := t.entries[from]; known != nil {
		return known
	}
	e := &entry{Family: family, from: from}
	if family.Type == contract.Histogram {
		e.parts = new(parts)
	}
	e.relabel(builder, t.options.Relabel)
	for _, bound := range contract.Bounds(name) {
		e.bucket(bound.Value)
		e.isFixed = true
	}
	e.pageBytes = int(e.labels.ByteSize()) * e.lines()
	t.entries[from] = e
	t.sorted, t.isSorted = append(t.sorted, e), false
	t.entryBytes += e.memory()
	return e
}

// compare orders entries by their labels. Entries with the same labels after
// relabelling are ordered by the labels before it.
func (e *entry) compare(other *entry) int {
	if order := labels.Compare(e.labels, other.labels); order != 0 {
		return order
	}
	return bytes.Compare(e.from.Bytes(nil), other.from.Bytes(nil))
}

// lines returns the number of the entry's lines on the exporter's own page. Each
// line has all labels.
func (e *entry) lines() int {
	const ends = 3 // +Inf, sum and count
	switch {
	case e.Type != contract.Histogram:
		return 1
	case e.isFixed:
		return len(e.buckets) + ends
	}
	return usualBuckets + ends // an estimate: the bounds are not known before the page is read
}

// memory returns how many bytes the entry takes, about.
func (e *entry) memory() int { return int(e.from.ByteSize()) + int(e.labels.ByteSize()) + overhead }

func (e *entry) relabel(builder *labels.Builder, rules []*relabel.Config) {
	e.isUnwanted = !relabel.ProcessBuilder(builder, rules...)
	escapeNames(builder)
	if e.labels = builder.Labels(); labels.Equal(e.labels, e.from) {
		e.labels = e.from // shares the memory
	}
	e.name = e.labels.Get(model.MetricNameLabel)
	if e.Type == contract.Histogram && e.labels.Has(contract.LabelBucket) { // its buckets would have two
		e.name = ""
	}
}

// escapeNames escapes names that only a scraper with UTF-8 support can read, as
// Prometheus's own libraries do for the other scrapers.
func escapeNames(builder *labels.Builder) {
	builder.Range(func(l labels.Label) {
		switch {
		case l.Name == model.MetricNameLabel:
			builder.Set(l.Name, model.EscapeName(l.Value, model.UnderscoreEscaping))
		case !model.LegacyValidation.IsValidLabelName(l.Name):
			builder.Del(l.Name).Set(model.EscapeName(l.Name, model.UnderscoreEscaping), l.Value)
		}
	})
}
