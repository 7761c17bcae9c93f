package counters

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abi"
)

// counter is a counter of the proxy. It is defined with its first count, so that
// the proxy shows no series without counts.
type counter struct {
	_         [0]func() // no comparison, which would be code in every type with a counter
	id        uint32
	isDefined bool
}

// histogram is a histogram made of counters. Envoy's own histograms count
// milliseconds.
type histogram struct {
	count, sum counter
	buckets    [contract.MaxBounds]counter
}

// series holds the labels of a series, without le.
type series struct {
	model      *Model // or nil
	key, value string // of one more label, or empty
}

// stat returns the name of the proxy's counter for a metric of the series. part
// is the suffix of a histogram's part, and le its bucket, or both are empty.
func (s *series) stat(metric, part, le string) []byte {
	var fields []contract.Field
	if s.model != nil {
		fields = appendSet(fields, contract.LabelNamespace, s.model.service.namespace)
		fields = appendSet(fields, contract.LabelService, s.model.service.name)
		fields = append(fields, contract.Field{Key: contract.LabelModel, Value: s.model.name})
		fields = appendSet(fields, contract.LabelVersion, s.model.version)
	}
	if s.key != "" {
		fields = append(fields, contract.Field{Key: s.key, Value: s.value})
	}
	if le != "" {
		fields = append(fields, contract.Field{Key: contract.LabelBucket, Value: le})
	}
	return contract.AppendStat(nil, metric+part, fields...)
}

// appendSet appends a field, unless its value is empty.
func appendSet(fields []contract.Field, key, value string) []contract.Field {
	if value == "" {
		return fields
	}
	return append(fields, contract.Field{Key: key, Value: value})
}

// increment adds n to a counter. If the counter must be defined first, increment
// returns false; the caller then builds the name and calls define.
func (c *Counters) increment(counter *counter, n uint64) (isDone bool) {
	if n == 0 {
		return true
	}
	if !counter.isDefined {
		return false
	}
	if status := c.proxy.Increment(counter.id, n); status != abi.OK {
		c.LogStatus("the proxy does not count, and a number is lost: ", status)
	}
	return true
}

// define defines a counter under a name and adds its first count, n.
func (c *Counters) define(counter *counter, n uint64, name []byte) {
	id, status := c.proxy.DefineCounter(name)
	if status != abi.OK {
		c.LogStatus("the proxy does not make a counter, and what it would count is lost: ", status)
		return
	}
	counter.id, counter.isDefined = id, true
	c.increment(counter, n)
}

// incrementAll adds a sample to a histogram. Buckets are cumulative: each gets the
// values of all lower buckets too.
func (c *Counters) incrementAll(h *histogram, sample *sample, s *series, of *metric) {
	if sample.count == 0 {
		return
	}
	if !c.increment(&h.count, sample.count) {
		c.define(&h.count, sample.count, s.stat(of.name, contract.SuffixCount, ""))
	}
	if !c.increment(&h.sum, sample.sum) {
		c.define(&h.sum, sample.sum, s.stat(of.name, contract.SuffixSumMillionths, ""))
	}
	cumulative := uint64(0)
	for i := range of.bounds {
		cumulative += sample.buckets[i]
		if !c.increment(&h.buckets[i], cumulative) {
			c.define(&h.buckets[i], cumulative, s.stat(of.name, contract.SuffixBucket, of.bounds[i].Le))
		}
	}
}
