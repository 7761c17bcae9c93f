// Package load sends requests through a gateway to a model server that answers as it
// is told, and keeps a ledger of the replies.
package load

import (
	"maps"
	"sync"
	"time"
)

// Tally holds predictions by label.
type Tally = map[string]int

// Bounds are the least and the most predictions by label.
type Bounds struct{ Low, High Tally }

// plus returns the sum of two bounds.
func (b Bounds) plus(other Bounds) Bounds {
	sum := Bounds{maps.Clone(b.Low), maps.Clone(b.High)}
	for label, n := range other.Low {
		sum.Low[label] += n
	}
	for label, n := range other.High {
		sum.High[label] += n
	}
	return sum
}

// Ledger counts the predictions that went through the current gateway. A reply
// that the client read whole is certain. If the client did not read the whole
// reply, Envoy may have counted its predictions or not.
type Ledger struct {
	mu                 sync.Mutex
	certain, uncertain Tally
	replies            int
	before             Bounds // through earlier gateways
	history            []moment
}

// moment is the state of the certain counts at a time.
type moment struct {
	at      time.Time
	certain Tally
}

// momentEvery limits the history to ten entries a second.
const momentEvery = 100 * time.Millisecond

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{certain: Tally{}, uncertain: Tally{}, before: Bounds{Tally{}, Tally{}}}
}

// Read adds a reply that a client read whole.
func (l *Ledger) Read(labels []string) {
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

// Lose adds a reply that a client did not read whole.
func (l *Ledger) Lose(labels []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, label := range labels {
		l.uncertain[label]++
	}
}

// Current returns the bounds of the current gateway's counters.
func (l *Ledger) Current() Bounds {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live()
}

func (l *Ledger) live() Bounds {
	return Bounds{l.certain, l.certain}.plus(Bounds{Tally{}, l.uncertain})
}

// Total returns the bounds of all gateways.
func (l *Ledger) Total() Bounds {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.before.plus(l.live())
}

// Die starts the counts of a new gateway. Predictions after lastSample may be lost:
// no sample of Prometheus has them.
func (l *Ledger) Die(lastSample time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ended := l.live()
	ended.Low = l.at(lastSample)
	l.end(ended)
}

// Retire starts the counts of a new gateway without losing any.
func (l *Ledger) Retire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(l.live())
}

func (l *Ledger) end(ended Bounds) {
	l.before = l.before.plus(ended)
	l.certain, l.uncertain, l.history = Tally{}, Tally{}, nil
}

// at returns the certain counts at a time.
func (l *Ledger) at(t time.Time) Tally {
	latest := Tally{}
	for _, m := range l.history {
		if m.at.After(t) {
			break
		}
		latest = m.certain
	}
	return maps.Clone(latest)
}

// Totals returns the replies that were read whole, their predictions, and the
// predictions of the other replies.
func (l *Ledger) Totals() (replies, predictions, uncertain int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.before.plus(l.live())
	for label, high := range all.High {
		predictions += all.Low[label]
		uncertain += high - all.Low[label]
	}
	return l.replies, predictions, uncertain
}
