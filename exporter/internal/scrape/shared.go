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
	done    chan struct{} // closed when value is set
	value   T
}

// Get returns the value of a Do that began less than minAge ago or is under
// way, or of a new one, and ctx's error if ctx ends first. A Do is not given up
// when its first asker goes away, because others may wait for it; it keeps that
// asker's deadline.
func (s *Shared[T]) Get(ctx context.Context, minAge time.Duration) (T, error) {
	doing, isNew := s.join(minAge)
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
	doing, isNew := s.join(minAge)
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
func (s *Shared[T]) join(minAge time.Duration) (d *doing[T], isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && (!s.last.isDone() || time.Since(s.last.started) < minAge) {
		return s.last, false
	}
	s.last = &doing[T]{started: time.Now(), done: make(chan struct{})}
	return s.last, true
}

// runFor does it under ctx's deadline, and goes on if ctx is given up.
func (s *Shared[T]) runFor(ctx context.Context, d *doing[T]) {
	own := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		own, cancel = context.WithDeadline(own, deadline)
		defer cancel()
	}
	s.run(own, d)
}

func (s *Shared[T]) run(ctx context.Context, d *doing[T]) {
	defer close(d.done)
	d.value = s.Do(ctx)
}

func (d *doing[T]) isDone() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}
