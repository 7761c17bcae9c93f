package fleet

import (
	"hash/fnv"
	"time"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
)

// state is the part of a gateway that changes. It is a value: its methods neither
// lock nor change anything, and take the time as an argument.
type state struct {
	target discovery.Target
	goneAt time.Time        // when the target was removed, zero while it is listed
	latest *expose.Snapshot // nil before the first scrape
	good   *expose.Block    // series of the last successful scrape
	goodAt time.Time
}

// isGone reports whether the gateway is no longer listed.
func (s state) isGone() bool { return !s.goneAt.IsZero() }

// listed returns the state after discovery listed the target t.
func (s state) listed(t discovery.Target) state {
	s.target, s.goneAt = t, time.Time{}
	return s
}

// removed returns the state after discovery no longer listed the target.
func (s state) removed(now time.Time) state {
	if !s.isGone() {
		s.goneAt = now
	}
	return s
}

// scraped returns the state after a scrape.
func (s state) scraped(result *expose.Snapshot, now time.Time) state {
	s.latest = result
	if result.Up {
		s.good, s.goodAt = result.Series, now
	}
	return s
}

// isScrapedOnRequest reports whether the gateway is scraped when the page is
// requested. If scrape.interval is set, only a gateway without a result is, so
// that a restart leaves no gap.
func (s state) isScrapedOnRequest(cfg *config.Config) bool {
	return !s.isGone() && (cfg.Scrape.Interval == 0 || s.latest == nil)
}

const never = time.Duration(1<<63 - 1)

// leavingInterval is the scrape interval of a terminating gateway. It is short
// because counts after the last scrape are lost. Istio's gateways drain for 5 s.
const leavingInterval = time.Second

// wait returns the time until the gateway's goroutine has something to do.
func (s state) wait(cfg *config.Config, now time.Time) time.Duration {
	interval := time.Duration(cfg.Scrape.Interval)
	switch {
	case s.isGone() && !s.isUp():
		return s.expiry(cfg).Sub(now)
	case s.isGone(), s.target.IsTerminating:
		return leavingInterval
	case interval > 0:
		return slot(s.target.Gateway, now, interval)
	}
	return never
}

// isUp reports whether the last scrape succeeded, or there was none yet.
func (s state) isUp() bool { return s.latest == nil || s.latest.Up }

// isExpired reports whether a removed gateway is to be dropped.
func (s state) isExpired(cfg *config.Config, now time.Time) bool {
	return s.isGone() && !now.Before(s.expiry(cfg))
}

// expiry returns when a removed gateway is dropped: scrape.keep after its removal,
// even if it still answers. If it answered for some time after its removal and
// then stopped, scrape.keep begins with its last good answer.
func (s state) expiry(cfg *config.Config) time.Time {
	last := s.goneAt
	if !s.isUp() && s.goodAt.After(last) {
		last = s.goodAt
	}
	return last.Add(time.Duration(cfg.Scrape.Keep))
}

// slot returns the time from now to the next of the gateway's own instants, one in
// each interval. They follow from its name, so that the scrapes of all gateways
// are spread over the interval, also after a restart.
func slot(gateway string, now time.Time, interval time.Duration) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(gateway)) // it never fails
	offset := time.Duration(hash.Sum64() % uint64(interval))
	since := (time.Duration(now.UnixNano()) - offset) % interval
	return interval - since
}

// show returns the snapshot as it is exported: if the scrape failed, with the last
// good series, for as long as scrape.keep says.
func (s state) show(snapshot expose.Snapshot, cfg *config.Config, now time.Time) *expose.Snapshot {
	snapshot.IsGone = s.isGone()
	if !snapshot.Up && now.Sub(s.goodAt) < time.Duration(cfg.Scrape.Keep) {
		snapshot.Kept = s.good
	}
	return &snapshot
}
