// Package shape turns the samples of a gateway's page into the contract's
// series. It is pure: no clock, no network.
package shape

import (
	"maps"
	"math"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// Series is one series as it is exported.
type Series struct {
	Metric    contract.Metric // what it was made as; relabelling may have renamed it
	Labels    labels.Labels   // with __name__
	Value     float64         // of a counter
	Histogram *Histogram      // nil for a counter
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

// Options say what a target adds to its series.
type Options struct {
	Labels  labels.Labels     // for each series; the gateway label is one
	Relabel []*relabel.Config // metric_relabel_configs: of whole metrics, a histogram being one series
}

// Shape makes the series of one gateway's page, sorted. Samples that are
// nobody's of the contract are passed over; dropped counts those that look as
// if they were and cannot be used. Samples of one gateway that come to the same
// labels are added up: they are counters of the same thing.
func Shape(page scrape.Page, options Options) (series []Series, dropped int) {
	t := newTable(page.Format)
	for _, sample := range page.Samples {
		t.add(sample)
	}
	t.fillClosedSets()
	made, dropped := t.series(options.Labels)
	kept, clashes := relabelled(made, options.Relabel)
	return kept, t.dropped + dropped + clashes
}

// relabelled applies the rules to each series and adds up those that they
// leave with the same labels. Series of different types do not add up.
func relabelled(series []Series, rules []*relabel.Config) (kept []Series, dropped int) {
	seen := make(map[string]*Series, len(series))
	for i := range series {
		s := &series[i]
		builder := labels.NewBuilder(s.Labels)
		if !relabel.ProcessBuilder(builder, rules...) {
			continue
		}
		s.Labels = builder.Labels()
		if !s.Labels.Has(model.MetricNameLabel) {
			dropped++
			continue
		}
		key := string(s.Labels.Bytes(nil))
		if known := seen[key]; known == nil {
			seen[key] = s
		} else if !known.add(s) {
			dropped++
		}
	}
	for _, s := range seen {
		kept = append(kept, *s)
	}
	slices.SortFunc(kept, byLabels)
	return kept, dropped
}

func byLabels(a, b Series) int { return labels.Compare(a.Labels, b.Labels) }

// add adds other's value and tells whether the two could be added.
func (s *Series) add(other *Series) bool {
	if s.Histogram == nil || other.Histogram == nil {
		s.Value += other.Value
		return s.Histogram == nil && other.Histogram == nil
	}
	sameBound := func(a, b Bucket) bool { return a.Bound == b.Bound }
	if !slices.EqualFunc(s.Histogram.Buckets, other.Histogram.Buckets, sameBound) {
		return false
	}
	s.Histogram.Count += other.Histogram.Count
	s.Histogram.Sum += other.Histogram.Sum
	for i, bucket := range other.Histogram.Buckets {
		s.Histogram.Buckets[i].Count += bucket.Count
	}
	return true
}

// parts gathers a histogram.
type parts struct {
	buckets map[float64]float64
	sum     float64
	count   float64
	isWhole bool // the count was seen
}

// histogram puts the parts together. The page is not of one instant, so that a
// bucket may be ahead of the count, and stats that never counted are not on it:
// each bucket is brought between its lower neighbour and the count.
func (p *parts) histogram() *Histogram {
	h := &Histogram{Count: uint64(p.count), Sum: p.sum}
	var below uint64
	for _, bound := range slices.Sorted(maps.Keys(p.buckets)) {
		below = min(max(below, uint64(p.buckets[bound])), h.Count)
		h.Buckets = append(h.Buckets, Bucket{bound, below})
	}
	return h
}

// isCount tells whether value can be a counter's.
func isCount(value float64) bool { return value >= 0 && !math.IsInf(value, 1) }

// entry is a series in the making; values are its labels' in the order of
// metric.Labels, without the gateway's.
type entry struct {
	metric contract.Metric
	values []string
	value  float64
	parts  parts
}

func (e *entry) series(target labels.Labels) Series {
	builder := labels.NewBuilder(target)
	builder.Set(model.MetricNameLabel, e.metric.Name)
	for i, key := range e.metric.Labels[1:] {
		builder.Set(key, e.values[i])
	}
	s := Series{Metric: e.metric, Labels: builder.Labels(), Value: e.value}
	if e.metric.Type == contract.Histogram {
		s.Value, s.Histogram = 0, e.parts.histogram()
	}
	return s
}

// series returns the finished entries. A histogram without its count is not one.
func (t *table) series(target labels.Labels) (series []Series, dropped int) {
	for _, e := range t.entries {
		if e.metric.Type == contract.Histogram && !e.parts.isWhole {
			dropped++
			continue
		}
		series = append(series, e.series(target))
	}
	slices.SortFunc(series, byLabels)
	return series, dropped
}
