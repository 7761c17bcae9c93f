package scrape

import (
	"context"
	"sync"
	"time"
)

// Shared shares the calls of a function, so that two scrapers cost a gateway one
// scrape. Only one call runs at a time, and callers share the value of a
// recent call.
type Shared[T any] struct {
	Do func(context.Context) T

	mu   sync.Mutex
	last *call[T]
}

// call is a call of Do.
type call[T any] struct {
	started  time.Time
	deadline time.Time // when the call is canceled; zero for never; guarded by Shared.mu, as is timer
	isFixed  bool      // the deadline cannot be extended
	timer    *time.Timer

	done       chan struct{}
	isCanceled bool // set before done is closed
	value      T    // set before done is closed
}

// Get returns the value of a running Do, of a Do that began less than minAge ago,
// or of a new Do. If ctx ends first, Get returns the context's error.
//
// Do is not canceled when one caller goes away, because others may wait for the
// value. Do is canceled at the latest deadline of all its callers. The value of a
// canceled Do is not given to a later caller with more time.
func (s *Shared[T]) Get(ctx context.Context, minAge time.Duration) (T, error) {
	c, isNew := s.join(ctx, minAge, false)
	if isNew {
		go s.runUntilDeadline(ctx, c)
	}
	select {
	case <-c.done:
		return c.value, nil
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// Run is like Get, but calls Do in the caller's goroutine, and cancels the call
// when ctx ends.
func (s *Shared[T]) Run(ctx context.Context, minAge time.Duration) {
	c, isNew := s.join(ctx, minAge, true)
	if isNew {
		s.run(ctx, c)
		return
	}
	select {
	case <-c.done:
	case <-ctx.Done():
	}
}

// join returns the running or recent call, or a new call for the caller to run.
func (s *Shared[T]) join(ctx context.Context, minAge time.Duration, isFixed bool) (c *call[T], isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	deadline, _ := ctx.Deadline() // zero if there is no deadline
	if s.last != nil && !s.last.isDone() {
		s.last.extend(deadline)
		return s.last, false
	}
	if s.last != nil && now.Sub(s.last.started) < minAge && !s.last.hadLessTime(now, deadline) {
		return s.last, false
	}
	s.last = &call[T]{started: now, deadline: deadline, isFixed: isFixed, done: make(chan struct{})}
	return s.last, true
}

// runUntilDeadline runs a call until its deadline, even if ctx ends before.
func (s *Shared[T]) runUntilDeadline(ctx context.Context, c *call[T]) {
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	s.mu.Lock()
	if !c.deadline.IsZero() {
		c.timer = time.AfterFunc(time.Until(c.deadline), func() { cancel(context.DeadlineExceeded) })
		defer c.timer.Stop()
	}
	s.mu.Unlock()
	s.run(own, c)
}

func (s *Shared[T]) run(ctx context.Context, c *call[T]) {
	defer close(c.done)
	c.value = s.Do(ctx)
	c.isCanceled = ctx.Err() != nil
}

// extend moves the deadline of a running call, if the new deadline is later or
// zero. Shared.mu must be locked.
func (c *call[T]) extend(deadline time.Time) {
	if c.isFixed || c.deadline.IsZero() || !deadline.IsZero() && !deadline.After(c.deadline) {
		return
	}
	c.deadline = deadline
	switch {
	case c.timer == nil: // runUntilDeadline will set the timer
	case deadline.IsZero():
		c.timer.Stop()
	default:
		c.timer.Reset(time.Until(deadline))
	}
}

// hadLessTime reports whether the call was canceled after less time than a caller
// has from now to its deadline.
func (c *call[T]) hadLessTime(now, deadline time.Time) bool {
	return c.isCanceled && (deadline.IsZero() || deadline.Sub(now) > c.deadline.Sub(c.started))
}

func (c *call[T]) isDone() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}
