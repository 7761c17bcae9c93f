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
	doing := s.join(ctx, minAge)
	select {
	case <-doing.done:
		return doing.value, nil
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

func (s *Shared[T]) join(ctx context.Context, minAge time.Duration) *doing[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && (!s.last.isDone() || time.Since(s.last.started) < minAge) {
		return s.last
	}
	s.last = &doing[T]{started: time.Now(), done: make(chan struct{})}
	go s.run(ctx, s.last)
	return s.last
}

func (s *Shared[T]) run(ctx context.Context, d *doing[T]) {
	defer close(d.done)
	own := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		own, cancel = context.WithDeadline(own, deadline)
		defer cancel()
	}
	d.value = s.Do(own)
}

func (d *doing[T]) isDone() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}
