package config

import (
	"strings"

	"github.com/moodring/moodring/contract"
)

// Suffixes in OpenMetrics, besides those of histograms.
const (
	SuffixTotal   = "_total"
	SuffixCreated = "_created"
)

// SampleNames returns all names that a metric takes on a page: of its samples, and
// of its family in OpenMetrics, where the family of a_total is a. Two metrics on a
// page must not share a name: Prometheus would see a series twice, and parsers of
// OpenMetrics refuse the whole page.
func SampleNames(name string, kind contract.Type) []string {
	stem, isTotal := strings.CutSuffix(name, SuffixTotal)
	switch {
	case kind == contract.Histogram:
		return []string{name, name + contract.SuffixBucket, name + contract.SuffixSum, name + contract.SuffixCount, name + SuffixCreated}
	case kind == contract.Counter && isTotal:
		return []string{name, stem, stem + SuffixCreated}
	}
	return []string{name}
}
