package filter

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abi"
)

// counter is one in the proxy, made when it is first needed: a series that
// never counts is not to be there.
type counter struct {
	id        uint32
	isDefined bool
}

// histogram is one in counters. Envoy's own count milliseconds.
type histogram struct {
	count, sum counter
	buckets    [contract.MaxBounds]counter
}

// series is what counters of one thing have in common.
type series struct {
	model      *model // or nil
	key, value string // of one more label, or empty
}

// stat returns the name of one of the series' counters in the proxy: of a
// metric, a part of it, or a bucket.
func (s *series) stat(metric, part, le string) []byte {
	var fields []contract.Field
	if s.model != nil {
		fields = append(fields, contract.Field{Key: contract.LabelModel, Value: s.model.name})
		if s.model.version != "" {
			fields = append(fields, contract.Field{Key: contract.LabelVersion, Value: s.model.version})
		}
	}
	if s.key != "" {
		fields = append(fields, contract.Field{Key: s.key, Value: s.value})
	}
	if le != "" {
		fields = append(fields, contract.Field{Key: contract.LabelBucket, Value: le})
	}
	return contract.AppendStat(nil, metric+part, fields...)
}

// increment adds n to a counter. It is false for one that is to be started
// first: only then its name is put together.
func (l *ledger) increment(c *counter, n uint64) (isDone bool) {
	if n == 0 {
		return true
	}
	if !c.isDefined {
		return false
	}
	if status := l.host.Increment(c.id, n); status != abi.OK {
		l.complainOf("the proxy does not count, and a number is lost: ", status)
	}
	return true
}

// start makes a counter of that name, with n as its first count.
func (l *ledger) start(c *counter, n uint64, name []byte) {
	id, status := l.host.DefineCounter(name)
	if status != abi.OK {
		l.complainOf("the proxy does not make a counter, and what it would count is lost: ", status)
		return
	}
	c.id, c.isDefined = id, true
	l.increment(c, n)
}

// incrementAll adds a sample to a histogram: to each bucket what it and those
// below got.
func (l *ledger) incrementAll(h *histogram, sample *sample, s *series, of *shape) {
	if sample.count == 0 {
		return
	}
	if !l.increment(&h.count, sample.count) {
		l.start(&h.count, sample.count, s.stat(of.metric, contract.SuffixCount, ""))
	}
	if !l.increment(&h.sum, sample.sum) {
		l.start(&h.sum, sample.sum, s.stat(of.metric, contract.SuffixSumMillionths, ""))
	}
	below := uint64(0)
	for i := range of.bounds {
		below += sample.buckets[i]
		if !l.increment(&h.buckets[i], below) {
			l.start(&h.buckets[i], below, s.stat(of.metric, contract.SuffixBucket, of.bounds[i].Le))
		}
	}
}
