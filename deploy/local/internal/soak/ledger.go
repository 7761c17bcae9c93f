package soak

import (
	"maps"
	"sync"
	"time"
)

// tally holds predictions by label.
type tally = map[string]int

// bounds are the least and the most predictions by label.
type bounds struct{ low, high tally }

// plus returns the sum of two bounds.
func (b bounds) plus(other bounds) bounds {
	sum := bounds{maps.Clone(b.low), maps.Clone(b.high)}
	for label, n := range other.low {
		sum.low[label] += n
	}
	for label, n := range other.high {
		sum.high[label] += n
	}
	return sum
}

// ledger counts the predictions that went through the current gateway. A reply
// that the client read whole is certain. If the client did not read the whole
// reply, Envoy may have counted its predictions or not.
type ledger struct {
	mu                 sync.Mutex
	certain, uncertain tally
	replies            int
	before             bounds // through earlier gateways
	history            []moment
}

// moment is the state of the certain counts at a time.
type moment struct {
	at      time.Time
	certain tally
}

// momentEvery limits the history to ten entries a second.
const momentEvery = 100 * time.Millisecond

func newLedger() *ledger {
	return &ledger{certain: tally{}, uncertain: tally{}, before: bounds{tally{}, tally{}}}
}

// read adds a reply that a client read whole.
func (l *ledger) read(labels []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); len(l.history) == 0 || now.Sub(l.history[len(l.history)-1].at) >= momentEvery {
		l.history = append(l.history, moment{now, maps.Clone(l.certain)})
	}
	l.replies++
	for _, label := range labels {
		l.certain[label]++
	}
}

// lose adds a reply that a client did not read whole.
func (l *ledger) lose(labels []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, label := range labels {
		l.uncertain[label]++
	}
}

// current returns the bounds of the current gateway's counters.
func (l *ledger) current() bounds {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live()
}

func (l *ledger) live() bounds {
	return bounds{l.certain, l.certain}.plus(bounds{tally{}, l.uncertain})
}

// total returns the bounds of all gateways.
func (l *ledger) total() bounds {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.before.plus(l.live())
}

// die starts the counts of a new gateway. Predictions after lastSample may be lost:
// no sample of Prometheus has them.
func (l *ledger) die(lastSample time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ended := l.live()
	ended.low = l.at(lastSample)
	l.end(ended)
}

// retire starts the counts of a new gateway without losing any.
func (l *ledger) retire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(l.live())
}

func (l *ledger) end(ended bounds) {
	l.before = l.before.plus(ended)
	l.certain, l.uncertain, l.history = tally{}, tally{}, nil
}

// at returns the certain counts at a time.
func (l *ledger) at(t time.Time) tally {
	latest := tally{}
	for _, m := range l.history {
		if m.at.After(t) {
			break
		}
		latest = m.certain
	}
	return maps.Clone(latest)
}

// totals returns the replies that were read whole, their predictions, and the
// predictions of the other replies.
func (l *ledger) totals() (replies, predictions, uncertain int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.before.plus(l.live())
	for label, high := range all.high {
		predictions += all.low[label]
		uncertain += high - all.low[label]
	}
	return l.replies, predictions, uncertain
}
