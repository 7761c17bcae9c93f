package transform

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/moodring/moodring/contract"
)

// Family holds the properties that all series of a metric share. The metric's name
// is not one of them: relabelling can change the name of a single series.
type Family struct {
	Type contract.Type
	Help string
	Unit string // the end of the name, such as seconds, or ""

	IsWhole bool // a histogram of Envoy's own: Envoy reads all its parts at one instant

	keys []string // the contract's labels without the gateway label; nil for a rule's family
}

// families returns the contract's families by name. All gateways share them.
var families = sync.OnceValue(func() map[string]*Family {
	families := make(map[string]*Family)
	for _, metric := range contract.Metrics() {
		families[metric.Name] = &Family{
			Type: metric.Type, Help: metric.Help, Unit: unitOf(metric.Name), IsWhole: metric.Name == contract.UpstreamDuration, keys: withoutGateway(metric.Labels),
		}
	}
	return families
})

func withoutGateway(keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == contract.LabelGateway })
}

func unitOf(name string) string {
	if strings.HasSuffix(name, "_seconds") {
		return "seconds"
	}
	return ""
}

// Series is an exported series.
type Series struct {
	*Family
	Name      string
	Labels    labels.Labels // with __name__
	Value     float64       // of a counter or gauge
	Histogram *Histogram    // nil for a counter or gauge
	Start     Start         // of a counter or histogram
	IsNew     bool          // the start is known, and at most newFor ago
}

// newFor is how long a start matters to a Prometheus, with any usual scrape interval.
// Prometheus only uses a start that is later than its last sample of the series.
const newFor = 5 * time.Minute

// Start is a time at which a series was 0, in milliseconds since 1970. It is 0 if no
// such time is known.
type Start int64

// StartAt returns the Start of a time, or 0 for the zero time.
func StartAt(t time.Time) Start {
	if t.IsZero() {
		return 0
	}
	return Start(t.UnixMilli())
}

// isNew reports whether a start matters at a time.
func (s Start) isNew(at Start) bool { return s > 0 && int64(at-s) <= newFor.Milliseconds() }

// Time returns the time of a known start.
func (s Start) Time() time.Time { return time.UnixMilli(int64(s)) }

// Histogram is the value of a histogram. Its buckets ascend and are cumulative.
// The +Inf bucket is left out: its count is Count.
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

// merged adds up sorted series with the same labels, and takes the earlier start. Series of different types,
// and histograms with different bounds, cannot be added: the second one is dropped.
func merged(series []Series) (kept []Series, dropped int) {
	kept = series[:0]
	for _, s := range series {
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

// add adds other's value, and reports whether the two can be added.
func (s *Series) add(other Series) bool {
	if s.Type != other.Type {
		return false
	}
	s.Start, s.IsNew = min(s.Start, other.Start), s.IsNew && other.IsNew
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
