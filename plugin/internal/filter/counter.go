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

// maxFields is the most that a stat of ours has: model, version, label, bucket.
const maxFields = 4

// fieldsIn returns the model's fields, and has room for those that follow.
func (m *model) fieldsIn(room *[maxFields]contract.Field) []contract.Field {
	return append(room[:0], m.fields...)
}

func entry(counters map[string]*counter, key string) *counter {
	known := counters[key]
	if known == nil {
		known = &counter{}
		counters[key] = known
	}
	return known
}

// increment adds n to the counter of a metric's part.
func (l *ledger) increment(c *counter, n uint64, metric, part string, fields []contract.Field) {
	if n == 0 {
		return
	}
	if !c.isDefined {
		l.define(c, contract.AppendStat(nil, metric+part, fields...))
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
