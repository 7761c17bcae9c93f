package shape

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/scrape"
)

// table gathers a page's series by name and label values.
type table struct {
	format  config.Format
	metrics map[string]contract.Metric
	stats   []envoyStat
	entries map[string]*entry
	dropped int
}

func newTable(format config.Format) *table {
	t := &table{
		format:  format,
		metrics: make(map[string]contract.Metric),
		stats:   envoyStats(),
		entries: make(map[string]*entry),
	}
	for _, metric := range contract.Metrics() {
		t.metrics[metric.Name] = metric
	}
	return t
}

// add puts a sample into its series, if it is one's.
func (t *table) add(sample scrape.Sample) {
	var isOurs, isUsed bool
	if strings.Contains(sample.Name, "moodring_") {
		isOurs, isUsed = true, t.addPlugin(sample)
	} else {
		isOurs, isUsed = t.addEnvoy(sample)
	}
	if isOurs && !isUsed {
		t.dropped++
	}
}

// at returns the entry of the series of name with values, making it if need be.
func (t *table) at(name string, values ...string) *entry {
	var key strings.Builder
	key.WriteString(name)
	for _, value := range values {
		key.WriteByte(' ')
		key.WriteString(strconv.Itoa(len(value)))
		key.WriteByte(' ')
		key.WriteString(value)
	}
	e := t.entries[key.String()]
	if e == nil {
		e = &entry{metric: t.metrics[name], values: values}
		e.parts.buckets = make(map[float64]float64)
		t.entries[key.String()] = e
	}
	return e
}

// fillClosedSets adds, at 0, the members not seen yet of each closed set that
// has begun: Envoy shows no counter before its first count, and rate() cannot
// see an increase from nothing, so that a gateway's first refusal would go
// unnoticed.
func (t *table) fillClosedSets() {
	for _, e := range slices.Collect(maps.Values(t.entries)) {
		last := len(e.values) - 1
		for _, member := range closedSet(e.metric.Name) {
			t.at(e.metric.Name, append(slices.Clone(e.values[:last]), member)...)
		}
		if e.metric.Name == contract.Replies { // the plugin is there
			for _, kind := range closedSet(contract.Overflow) {
				t.at(contract.Overflow, kind)
			}
		}
	}
}

// closedSet returns all the values of the last label of a metric, or nil where
// they are not known beforehand.
func closedSet(name string) []string {
	switch name {
	case contract.Replies:
		return contract.Outcomes()
	case contract.Overflow:
		return contract.OverflowKinds()
	case contract.Authorization:
		return contract.AuthorizationResults()
	case contract.RateLimit:
		return contract.RateLimitResults()
	case contract.Requests:
		return contract.CodeClasses()
	}
	return nil
}
