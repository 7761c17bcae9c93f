package wait

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestUntil(t *testing.T) {
	calls := 0
	third := func() (bool, error) { calls++; return calls == 3, nil }
	if err := Until(t.Context(), time.Nanosecond, time.Minute, third); err != nil || calls != 3 {
		t.Errorf("%d calls, error %v", calls, err)
	}
	failure := errors.New("failed")
	if err := Until(t.Context(), time.Nanosecond, time.Minute, func() (bool, error) { return false, failure }); !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
	never := func() (bool, error) { return false, nil }
	if err := Until(t.Context(), time.Nanosecond, time.Nanosecond, never); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestForEndsWithItsContext(t *testing.T) {
	cause := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if err := For(ctx, time.Hour); !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
}
