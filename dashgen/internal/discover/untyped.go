package discover

import (
	"slices"
	"strings"

	"github.com/moodring/moodring/contract"
)

// typed sets the types of untyped families by their names. The family a_total is a
// counter. The families a_bucket, a_sum and a_count are a histogram; without a_bucket,
// they are a summary. A page without TYPE lines has only untyped families.
func typed(families []Family) []Family {
	untyped := map[string]Family{}
	for _, f := range families {
		if f.Type == Untyped {
			untyped[f.Name] = f
		}
	}
	parts := map[string]bool{}
	var found []Family
	for _, f := range families {
		if f.Type != Untyped {
			continue
		}
		if metric, ok := strings.CutSuffix(f.Name, contract.SuffixCount); ok {
			if whole, ok := wholeOf(metric, untyped); ok {
				found = append(found, whole)
				parts[metric+contract.SuffixCount], parts[metric+contract.SuffixSum] = true, true
				parts[metric+contract.SuffixBucket] = whole.Type == contract.Histogram
			}
		}
	}
	for _, f := range families {
		if f.Type == Untyped && strings.HasSuffix(f.Name, total) {
			f.Type = contract.Counter
		}
		if f.Type != Untyped || !parts[f.Name] {
			found = append(found, f)
		}
	}
	return found
}

// wholeOf returns the histogram or the summary of untyped parts.
func wholeOf(metric string, untyped map[string]Family) (Family, bool) {
	count, sum := untyped[metric+contract.SuffixCount], untyped[metric+contract.SuffixSum]
	if count.Name == "" || sum.Name == "" || untyped[metric].Name != "" {
		return Family{}, false
	}
	whole := Family{Name: metric, Type: Summary, Help: count.Help, Labels: count.Labels}
	if untyped[metric+contract.SuffixBucket].Labels[contract.LabelBucket] > 0 {
		whole.Type = contract.Histogram
	}
	return whole, true
}

// seriesNames returns the names that series of a metric in the metadata can have.
// Scraped as OpenMetrics, a counter or an info has no suffix in the metadata, and the
// parts of a gaugehistogram are no counters.
func seriesNames(name string, t contract.Type) []string {
	switch {
	case t == contract.Counter && !strings.HasSuffix(name, total):
		return []string{name, name + total}
	case t == "info" && !strings.HasSuffix(name, info):
		return []string{name, name + info}
	case t == "gaugehistogram":
		return []string{name + contract.SuffixBucket, name + "_gsum", name + "_gcount"}
	}
	return []string{name}
}

const (
	total = "_total"
	info  = "_info"
)

// known returns a type of a page or of the metadata as families have it.
func known(t contract.Type) contract.Type {
	switch {
	case t == "info" || t == "stateset":
		return contract.Gauge
	case slices.Contains([]contract.Type{contract.Counter, contract.Gauge, contract.Histogram, Summary}, t):
		return t
	}
	return Untyped
}
