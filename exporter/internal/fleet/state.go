package fleet

import (
	"cmp"
	"hash/fnv"
	"time"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
)

// state holds the changing fields of a gateway. Its methods are pure: they lock and
// change nothing, and take the current time as an argument.
type state struct {
	target     discovery.Target
	goneAt     time.Time        // when the target was removed, zero while it is listed
	isReplaced bool             // another gateway has the address: a scrape would count its replies twice
	latest     *expose.Snapshot // nil before the first scrape
	good       *expose.Block    // series of the last successful scrape
	goodAt     time.Time
	servedAt   time.Time // the last time when a page had the series

	leavingFailures int // failed scrapes since the last success, while the gateway shuts down
}

// isGone reports whether the gateway is no longer listed.
func (s state) isGone() bool { return !s.goneAt.IsZero() }

// listed returns the state after discovery listed the target t.
func (s state) listed(t discovery.Target, isReplaced bool) state {
	s.target, s.goneAt, s.isReplaced = t, time.Time{}, isReplaced
	if !t.IsTerminating {
		s.leavingFailures = 0
	}
	return s
}

// removed returns the state after discovery no longer listed the target. The address
// of a replaced gateway stays another gateway's, even if that one is removed too.
func (s state) removed(isReplaced bool, now time.Time) state {
	if !s.isGone() {
		s.goneAt = now
	}
	s.isReplaced = s.isReplaced || isReplaced
	return s
}

// scraped returns the state after a scrape.
func (s state) scraped(result *expose.Snapshot, now time.Time) state {
	s.latest = result
	switch {
	case result.Up:
		s.good, s.goodAt, s.leavingFailures = result.Series, now, 0
	case s.target.IsTerminating:
		s.leavingFailures++
	}
	return s
}

// served returns the state after a page with the series.
func (s state) served(now time.Time) state {
	s.servedAt = now
	return s
}

// lastServed returns the last time when a page had the series. Before the first page,
// another exporter may have served the series until this one read them.
func (s state) lastServed() time.Time {
	if s.goodAt.After(s.servedAt) {
		return s.goodAt
	}
	return s.servedAt
}

// isScrapedOnRequest reports whether a request for the page scrapes the gateway. A
// terminating gateway that no longer answers must not delay the page.
// With scrape.interval, only a gateway without a result is scraped, so that a
// restart leaves no gap.
func (s state) isScrapedOnRequest(scrape *config.Scrape) bool {
	return !s.isGone() && !s.isReplaced && s.leavingFailures == 0 && (scrape.Interval == 0 || s.latest == nil)
}

const never = time.Duration(1<<63 - 1)

// leavingInterval is the scrape interval of a terminating gateway. It is short
// because counts after the last scrape are lost. Istio's gateways drain for 5 s.
const leavingInterval = time.Second

// maxLeavingInterval limits the interval of a terminating gateway that no longer
// answers, if scrape.interval does not.
const maxLeavingInterval = time.Minute

// leavingWait returns the time until the next scrape of a terminating gateway. The
// pod of an Envoy that has stopped can stay for hours: its node is dead, or it has
// a finalizer. Each failure doubles the time.
func (s state) leavingWait(interval time.Duration) time.Duration {
	limit := cmp.Or(interval, maxLeavingInterval)
	wait := leavingInterval
	for range s.leavingFailures {
		if wait *= 2; wait >= limit {
			return limit
		}
	}
	return wait
}

// wait returns the time until the gateway's goroutine has something to do.
func (s state) wait(scrape *config.Scrape, now time.Time) time.Duration {
	interval := time.Duration(scrape.Interval)
	switch {
	case s.isGone() && (!s.isUp() || s.isReplaced):
		return s.expiry(scrape).Sub(now)
	case s.isReplaced:
		return never
	case s.isGone():
		return leavingInterval
	case s.target.IsTerminating:
		return s.leavingWait(interval)
	case interval > 0:
		return slot(s.target.Gateway, now, interval)
	}
	return never
}

// isUp reports whether the last scrape succeeded. It is true before the first scrape.
func (s state) isUp() bool { return s.latest == nil || s.latest.Up }

// isExpired reports whether a removed gateway is to be dropped.
func (s state) isExpired(scrape *config.Scrape, now time.Time) bool {
	return s.isGone() && !now.Before(s.expiry(scrape))
}

// expiry returns when a removed gateway is dropped: scrape.keep after its removal,
// even if it still answers. For a gateway that answered after its removal and is
// no longer scraped, scrape.keep begins with the last successful scrape.
func (s state) expiry(scrape *config.Scrape) time.Time {
	last := s.goneAt
	if (!s.isUp() || s.isReplaced) && s.goodAt.After(last) {
		last = s.goodAt
	}
	return last.Add(time.Duration(scrape.Keep))
}

// slot returns the time from now to the gateway's next scrape. A hash of the name
// is the offset in each interval, so that the scrapes of all gateways are spread
// evenly, and stay one interval apart after a restart.
func slot(gateway string, now time.Time, interval time.Duration) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(gateway)) // never fails
	offset := time.Duration(hash.Sum64() % uint64(interval))
	since := (time.Duration(now.UnixNano()) - offset) % interval
	return interval - since
}

// show returns the snapshot for the page. After a failed scrape, and for a replaced
// gateway, it has the last good series until scrape.keep has passed. A terminating
// gateway that no longer answers is shown as gone: its end is no alarm.
func (s state) show(snapshot expose.Snapshot, scrape *config.Scrape, now time.Time) *expose.Snapshot {
	snapshot.IsGone = s.isGone() || s.isReplaced || s.target.IsTerminating && !snapshot.Up
	if s.isReplaced {
		snapshot.Series = nil
	}
	if snapshot.Series == nil && now.Sub(s.goodAt) < time.Duration(scrape.Keep) {
		snapshot.Kept = s.good
	}
	return &snapshot
}
