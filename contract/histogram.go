package contract

import "slices"

// Suffixes of the three series of a Prometheus histogram.
const (
	SuffixBucket = "_bucket"
	SuffixSum    = "_sum"
	SuffixCount  = "_count"
)

// Parts returns the suffixes of a histogram's series: _bucket, _sum and _count.
func Parts() []string { return []string{SuffixBucket, SuffixSum, SuffixCount} }

// Bound is the upper bound of a histogram's bucket.
type Bound struct {
	Le    string // value of the le label
	Value float64
}

// Bounds of the plugin's histograms, ascending. The histogram's count stands for
// the +Inf bucket.
var (
	confidenceBounds = [...]Bound{
		{"0.2", 0.2}, {"0.3", 0.3}, {"0.4", 0.4}, {"0.5", 0.5}, {"0.6", 0.6},
		{"0.7", 0.7}, {"0.8", 0.8}, {"0.9", 0.9}, {"0.95", 0.95}, {"0.99", 0.99},
	}
	marginBounds = [...]Bound{
		{"0.05", 0.05}, {"0.1", 0.1}, {"0.2", 0.2}, {"0.4", 0.4}, {"0.6", 0.6}, {"0.8", 0.8}, {"0.9", 0.9},
	}
	batchSizeBounds = [...]Bound{
		{"1", 1}, {"2", 2}, {"5", 5}, {"10", 10}, {"20", 20}, {"50", 50}, {"100", 100}, {"200", 200}, {"500", 500},
	}
)

// MaxBounds is the largest number of bounds of a histogram of the plugin.
const MaxBounds = max(len(confidenceBounds), len(marginBounds), len(batchSizeBounds))

// histograms lists the histograms that the plugin counts.
var histograms = [...]struct {
	metric string
	bounds []Bound
}{
	{Confidence, confidenceBounds[:]},
	{Margin, marginBounds[:]},
	{BatchSize, batchSizeBounds[:]},
}

// MaxValueBounds is the largest number of bounds of PredictionValue, which the
// plugin's configuration gives for each model.
const MaxValueBounds = 20

// Bounds returns the bounds of one of the plugin's histograms, ascending and
// without +Inf. For any other metric it returns nil.
func Bounds(metric string) []Bound {
	for _, h := range histograms {
		if h.metric == metric {
			return slices.Clone(h.bounds)
		}
	}
	return nil
}
