package transform

import (
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/contract"
)

// Family is what a metric's series have in common, but for its name: that is
// the series' own, as relabelling may have changed it.
type Family struct {
	Type contract.Type
	Help string
	Unit string // as the end of the name says it, or ""

	IsWhole bool // a histogram of Envoy's own, all of whose parts are of one instant

	keys []string // of the labels of one of the contract's, without the gateway's
}

// Series is one series as it is exported.
type Series struct {
	*Family
	Name      string
	Labels    labels.Labels // with __name__
	Value     float64       // of a counter or gauge
	Histogram *Histogram    // nil for these
}

// Histogram is a histogram's value. Buckets ascend, are cumulative, and leave
// out +Inf, whose count is Count.
type Histogram struct {
	Count   uint64
	Sum     float64
	Buckets []Bucket
}

// Bucket counts the observations up to Bound.
type Bucket struct {
	Bound float64
	Count uint64
}

// merged adds up the series that relabelling left with the same labels. Series
// of different types, and histograms of different buckets, do not add up.
func merged(series []Series) (kept []Series, dropped int) {
	kept = series[:0]
	for _, s := range series { // sorted, so that what is alike is adjacent
		last := len(kept) - 1
		switch {
		case last < 0 || !labels.Equal(kept[last].Labels, s.Labels):
			kept = append(kept, s)
		case !kept[last].add(s):
			dropped++
		}
	}
	return kept, dropped
}

// add adds other's value and tells whether the two could be added.
func (s *Series) add(other Series) bool {
	if s.Type != other.Type {
		return false
	}
	if s.Histogram == nil {
		s.Value += other.Value
		return true
	}
	return s.Histogram.add(other.Histogram)
}

func (h *Histogram) add(other *Histogram) bool {
	sameBound := func(a, b Bucket) bool { return a.Bound == b.Bound }
	if !slices.EqualFunc(h.Buckets, other.Buckets, sameBound) {
		return false
	}
	h.Count += other.Count
	h.Sum += other.Sum
	for i, bucket := range other.Buckets {
		h.Buckets[i].Count += bucket.Count
	}
	return true
}
