package fleet

import (
	"testing"
	"time"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
)

// The time until a gateway's goroutine has something to do, 100 s after its
// target was removed.
func TestStateWait(t *testing.T) {
	removedAt := time.Unix(1000, 0)
	now := removedAt.Add(100 * time.Second)
	up, down := &expose.Snapshot{Up: true}, &expose.Snapshot{}
	every15s := slot("a", now, 15*time.Second)
	for name, test := range map[string]struct {
		state    state
		interval time.Duration
		want     time.Duration
	}{
		"listed, scraped on request":            {state{}, 0, never},
		"listed, with an interval":              {state{latest: up}, 15 * time.Second, every15s},
		"terminating":                           {state{target: discovery.Target{IsTerminating: true}, latest: up}, 0, leavingInterval},
		"terminating, first failure":            {state{target: discovery.Target{IsTerminating: true}, latest: down, leavingFailures: 1}, 0, 2 * time.Second},
		"terminating, fourth failure":           {state{target: discovery.Target{IsTerminating: true}, latest: down, leavingFailures: 4}, 15 * time.Second, 15 * time.Second},
		"terminating, many failures":            {state{target: discovery.Target{IsTerminating: true}, latest: down, leavingFailures: 1000}, 0, time.Minute},
		"replaced":                              {state{isReplaced: true, latest: up}, 15 * time.Second, never},
		"removed and replaced":                  {state{isReplaced: true, goneAt: removedAt, latest: up}, 15 * time.Second, 200 * time.Second},
		"removed, never scraped":                {state{goneAt: removedAt}, 0, leavingInterval},
		"removed, still up":                     {state{goneAt: removedAt, latest: up}, 15 * time.Second, leavingInterval},
		"removed, down":                         {state{goneAt: removedAt, latest: down}, 0, 200 * time.Second},
		"removed, down since 40 s":              {state{goneAt: removedAt, latest: down, goodAt: now.Add(-40 * time.Second)}, 0, 260 * time.Second},
		"removed, last good before its removal": {state{goneAt: removedAt, latest: down, goodAt: removedAt.Add(-time.Hour)}, 0, 200 * time.Second},
	} {
		test.state.target.Gateway = "a"
		cfg := config.Default()
		cfg.Scrape.Interval, cfg.Scrape.Keep = config.Duration(test.interval), config.Duration(300*time.Second)
		if got := test.state.wait(&cfg.Scrape, now); got != test.want {
			t.Errorf("%s: waits %s, want %s", name, got, test.want)
		}
	}
}
