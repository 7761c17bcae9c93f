package filter

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/host"
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
	buckets    [mostBounds]counter
}

// series is what counters of one thing have in common.
type series struct {
	model      *model // or nil
	key, value string // of one more label, or empty
}

// stat is which counter of a series it is.
type stat struct{ metric, part, le string }

// appendName appends a counter's name in the proxy.
func (s *series) appendName(dst []byte, of stat) []byte {
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
	if of.le != "" {
		fields = append(fields, contract.Field{Key: contract.LabelBucket, Value: of.le})
	}
	return contract.AppendStat(dst, of.metric+of.part, fields...)
}

// increment adds n to a counter of a series.
func (l *ledger) increment(c *counter, n uint64, s *series, of stat) {
	if n == 0 {
		return
	}
	if !c.isDefined {
		l.define(c, s.appendName(nil, of))
	}
	l.incrementDefined(c, n)
}

// incrementPlain counts under the bare label, of whichever model.
func (l *ledger) incrementPlain(of *label, n uint64) {
	if n == 0 {
		return
	}
	if !of.plain.isDefined {
		l.define(&of.plain, contract.AppendPlain(nil, of.name))
	}
	l.incrementDefined(&of.plain, n)
}

// incrementAll adds a sample to a histogram: to each bucket what it and those
// below got.
func (l *ledger) incrementAll(h *histogram, sample *sample, s *series, of *shape) {
	if sample.count == 0 {
		return
	}
	l.increment(&h.count, sample.count, s, stat{of.metric, contract.SuffixCount, ""})
	l.increment(&h.sum, sample.sum, s, stat{of.metric, contract.SuffixSum, ""})
	below := uint64(0)
	for i := range of.bounds {
		if below += sample.buckets[i]; below > 0 {
			l.increment(&h.buckets[i], below, s, stat{of.metric, contract.SuffixBucket, of.bounds[i].Le})
		}
	}
}

func (l *ledger) define(c *counter, name []byte) {
	id, status := l.host.DefineCounter(name)
	if status != host.OK {
		l.complain("the proxy does not make a counter, and what it would count is lost: " + status.String())
		return
	}
	c.id, c.isDefined = id, true
}

func (l *ledger) incrementDefined(c *counter, n uint64) {
	if !c.isDefined {
		return
	}
	if status := l.host.Increment(c.id, n); status != host.OK {
		l.complain("the proxy does not count, and a number is lost: " + status.String())
	}
}
