package scrape

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// counting returns a Shared whose Do takes a second, or until its context ends. Do
// returns the number of its calls.
func counting() *Shared[int] {
	runs := 0
	return &Shared[int]{Do: func(ctx context.Context) int {
		runs++
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
		return runs
	}}
}

func TestSharedOnceForAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := counting()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if got, err := shared.Get(t.Context(), 0); got != 1 || err != nil {
					t.Errorf("got run %d, %v; want the first", got, err)
				}
			})
		}
		all.Wait()
	})
}

func TestSharedMinAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := counting()
		for _, step := range []struct {
			after time.Duration
			want  int
		}{
			{0, 1}, {3 * time.Second, 1}, {2 * time.Second, 2}, {0, 2},
		} {
			<-time.After(step.after)
			if got, err := shared.Get(t.Context(), 5*time.Second); got != step.want || err != nil {
				t.Errorf("after %s more: got run %d, %v; want %d", step.after, got, err, step.want)
			}
		}
	})
}

func TestSharedAskerWithLessTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := counting()
		first := make(chan int)
		go func() {
			got, _ := shared.Get(t.Context(), time.Minute)
			first <- got
		}()
		synctest.Wait()
		hasty, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := shared.Get(hasty, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		if got := <-first; got != 1 {
			t.Errorf("the patient asker got run %d, want 1", got)
		}
	})
}

func TestSharedGoesOnWhenItsAskerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := counting()
		leaving, leave := context.WithCancel(t.Context())
		go func() {
			synctest.Wait()
			leave()
		}()
		if _, err := shared.Get(leaving, time.Minute); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want canceled", err)
		}
		if got, err := shared.Get(t.Context(), time.Minute); got != 1 || err != nil {
			t.Errorf("got run %d, %v; want the first, which went on", got, err)
		}
	})
}

func TestSharedKeepsItsAskersDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := make(chan time.Duration, 1)
		shared := &Shared[int]{Do: func(ctx context.Context) int {
			start := time.Now()
			<-ctx.Done()
			took <- time.Since(start)
			return 0
		}}
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = shared.Get(hasty, time.Minute) // at the deadline, both results are valid
		if got := <-took; got != time.Second {
			t.Errorf("the run took %s, want a second", got)
		}
	})
}

// The caller with the latest deadline sets the deadline, even if it is not the first.
func TestSharedHasTheLatestDeadline(t *testing.T) {
	for name, patience := range map[string]time.Duration{"longer": 10 * time.Second, "for ever": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shared := counting()
				hasty, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				defer cancel()
				go func() { _, _ = shared.Get(hasty, 0) }()
				synctest.Wait()
				patient := t.Context()
				if patience > 0 {
					patient, cancel = context.WithTimeout(patient, patience)
					defer cancel()
				}
				start := time.Now()
				if got, err := shared.Get(patient, 0); got != 1 || err != nil || time.Since(start) != time.Second {
					t.Errorf("got run %d, %v after %s; want the first, after a second", got, err, time.Since(start))
				}
			})
		})
	}
}

// The value of a canceled call is given to callers that have no more time.
func TestSharedRepeatsACanceledCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		second := counting().Do
		shared := &Shared[int]{Do: func(ctx context.Context) int { runs++; return second(ctx) }}
		for i, step := range []struct {
			patience time.Duration
			want     int
		}{
			{500 * time.Millisecond, 1}, {500 * time.Millisecond, 1}, {600 * time.Millisecond, 2}, {10 * time.Second, 3}, {time.Minute, 3},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), step.patience)
			_, _ = shared.Get(ctx, time.Hour) // at the deadline, both results are valid
			cancel()
			synctest.Wait()
			if runs != step.want {
				t.Errorf("after step %d there were %d runs, want %d", i+1, runs, step.want)
			}
		}
	})
}

// A call by Run is shared with the callers of Get.
func TestSharedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := counting()
		go shared.Run(t.Context(), 0)
		synctest.Wait()
		start := time.Now()
		if got, err := shared.Get(t.Context(), 0); got != 1 || err != nil || time.Since(start) != time.Second {
			t.Errorf("got run %d, %v after %s; want the first, after a second", got, err, time.Since(start))
		}
		shared.Run(t.Context(), time.Minute)
		if got, _ := shared.Get(t.Context(), time.Minute); got != 1 {
			t.Errorf("got run %d, want the first, which is young", got)
		}
		leaving, leave := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer leave()
		start = time.Now()
		shared.Run(leaving, 0)
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("given up after %s, want 100 ms", took)
		}
	})
}
