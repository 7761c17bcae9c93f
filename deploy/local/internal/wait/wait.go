// Package wait waits for a time or for an event.
package wait

import (
	"context"
	"time"
)

// For returns after a duration, or with an error when ctx ends.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Until calls isDone at intervals, until the function returns true or an error, or
// the limit has passed.
func Until(ctx context.Context, interval, limit time.Duration, isDone func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		if done, err := isDone(); done || err != nil {
			return err
		}
		if err := For(ctx, interval); err != nil {
			return err
		}
	}
}
