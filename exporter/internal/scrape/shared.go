package scrape

import (
	"context"
	"sync"
	"time"
)

// Shared does one thing for all who ask: at most once at a time, and not again
// while the last is young, so that two scrapers cost a gateway one scrape.
type Shared[T any] struct {
	Do func(context.Context) T

	mu   sync.Mutex
	last *doing[T]
}

type doing[T any] struct {
	started time.Time
	until   time.Time // when it is given up; zero for never
	isFixed bool      // until cannot change
	timer   *time.Timer
	done    chan struct{}
	isCut   bool // it was given up; set before done is closed, as is value
	value   T
}

// Get returns the value of a Do that began less than minAge ago or is under
// way, or of a new one, and ctx's error if ctx ends first. A Do is not given up
// when its first asker goes away, because others may wait for it, but when the
// last deadline of those who asked for it has passed. What came of one that was
// given up is no answer to whoever has more time than it had.
func (s *Shared[T]) Get(ctx context.Context, minAge time.Duration) (T, error) {
	doing, isNew := s.join(ctx, minAge, false)
	if isNew {
		go s.runFor(ctx, doing)
	}
	select {
	case <-doing.done:
		return doing.value, nil
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// Run is Get for one who waits for nothing else: a new Do is done in its own
// goroutine, and given up when ctx ends.
func (s *Shared[T]) Run(ctx context.Context, minAge time.Duration) {
	doing, isNew := s.join(ctx, minAge, true)
	if isNew {
		s.run(ctx, doing)
		return
	}
	select {
	case <-doing.done:
	case <-ctx.Done():
	}
}

// join returns what is under way or young, or something new to do.
func (s *Shared[T]) join(ctx context.Context, minAge time.Duration, isFixed bool) (d *doing[T], isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	until, _ := ctx.Deadline() // the zero time is none
	if s.last != nil && !s.last.isDone() {
		s.last.extend(until)
		return s.last, false
	}
	if s.last != nil && now.Sub(s.last.started) < minAge && !s.last.isTooShort(now, until) {
		return s.last, false
	}
	s.last = &doing[T]{started: now, until: until, isFixed: isFixed, done: make(chan struct{})}
	return s.last, true
}

// runFor does it until the deadline, and goes on if ctx is given up.
func (s *Shared[T]) runFor(ctx context.Context, d *doing[T]) {
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	s.mu.Lock()
	if !d.until.IsZero() {
		d.timer = time.AfterFunc(time.Until(d.until), func() { cancel(context.DeadlineExceeded) })
		defer d.timer.Stop()
	}
	s.mu.Unlock()
	s.run(own, d)
}

func (s *Shared[T]) run(ctx context.Context, d *doing[T]) {
	defer close(d.done)
	d.value = s.Do(ctx)
	d.isCut = ctx.Err() != nil
}

// extend gives it time until then, or for ever. Shared.mu must be locked.
func (d *doing[T]) extend(until time.Time) {
	if d.isFixed || d.until.IsZero() || !until.IsZero() && !until.After(d.until) {
		return
	}
	d.until = until
	switch {
	case d.timer == nil: // it is to be set
	case until.IsZero():
		d.timer.Stop()
	default:
		d.timer.Reset(time.Until(until))
	}
}

// isTooShort tells whether it had less time than whoever asks now, and needed more.
func (d *doing[T]) isTooShort(now, until time.Time) bool {
	return d.isCut && (until.IsZero() || until.Sub(now) > d.until.Sub(d.started))
}

func (d *doing[T]) isDone() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}
