package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// gate is a network that shows each run to the test, and waits for the test's answer.
type gate struct {
	entered chan [][]int64
	leave   chan error
}

func newGate() *gate { return &gate{make(chan [][]int64), make(chan error)} }

func (g *gate) run(rows [][]int64) ([][]float32, error) {
	g.entered <- rows
	return echo(rows), <-g.leave
}

// echo gives each row's first id.
func echo(rows [][]int64) [][]float32 {
	results := make([][]float32, len(rows))
	for i, row := range rows {
		results[i] = []float32{float32(row[0])}
	}
	return results
}

// rows returns rows of some lengths, whose first ids number them.
func rows(first int64, lengths ...int) [][]int64 {
	all := make([][]int64, len(lengths))
	for i, length := range lengths {
		all[i] = make([]int64, length)
		all[i][0] = first + int64(i)
	}
	return all
}

// firsts writes the first ids of a run.
func firsts(rows [][]int64) string {
	var all []string
	for _, row := range rows {
		all = append(all, fmt.Sprint(row[0]))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func do(t *testing.T, q *Queue, ctx context.Context, rows [][]int64) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		results, err := q.Do(ctx, rows)
		if err == nil {
			if diff := cmp.Diff(echo(rows), results); diff != "" {
				err = errors.New(diff)
			}
		}
		ended <- err
	}()
	return ended
}

// waitFor returns once the queue holds this many tokens.
func waitFor(q *Queue, tokens int) {
	for {
		if waiting, _ := q.Waiting(); waiting == tokens {
			return
		}
	}
}

func want(t *testing.T, ended <-chan error, err error) {
	t.Helper()
	if got := <-ended; !errors.Is(got, err) {
		t.Errorf("the call ended with %v, want %v", got, err)
	}
}

// TestTurns: a call of many rows does not hold up a later call of one row.
func TestTurns(t *testing.T) {
	g := newGate()
	q := New(Options{Workers: 1, Capacity: 100, Patience: time.Hour, BatchRows: 1, BatchTokens: 100}, g.run)
	defer q.Close()
	many := do(t, q, t.Context(), rows(0, 5, 5, 5))
	var order []string
	order = append(order, firsts(<-g.entered))
	one := do(t, q, t.Context(), rows(9, 5))
	waitFor(q, 15)
	for range 3 {
		g.leave <- nil
		order = append(order, firsts(<-g.entered))
	}
	g.leave <- nil
	want(t, many, nil)
	want(t, one, nil)
	if got := strings.Join(order, ", "); got != "0, 1, 9, 2" && got != "0, 9, 1, 2" {
		t.Errorf("runs %s", got)
	}
}

// TestBatches: rows of similar length share a run, within the limits.
func TestBatches(t *testing.T) {
	g := newGate()
	q := New(Options{Workers: 1, Capacity: 1000, Patience: time.Hour, BatchRows: 3, BatchTokens: 40}, g.run)
	defer q.Close()
	first := do(t, q, t.Context(), rows(0, 1))
	<-g.entered
	second := do(t, q, t.Context(), rows(10, 8, 30, 10, 16))
	waitFor(q, 64)
	third := do(t, q, t.Context(), rows(20, 9, 9, 8))
	waitFor(q, 90)
	var runs []string
	for range 4 {
		g.leave <- nil
		runs = append(runs, firsts(<-g.entered))
	}
	g.leave <- nil
	for _, ended := range []<-chan error{first, second, third} {
		want(t, ended, nil)
	}
	if diff := cmp.Diff([]string{"10 12 22", "20 21", "13", "11"}, runs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFull: a full queue refuses at once, and lets a call in that is larger than the queue if nothing waits.
func TestFull(t *testing.T) {
	g := newGate()
	q := New(Options{Workers: 1, Capacity: 10, Patience: time.Hour, BatchRows: 1, BatchTokens: 10}, g.run)
	defer q.Close()
	running := do(t, q, t.Context(), rows(0, 5))
	<-g.entered
	large := do(t, q, t.Context(), rows(1, 50))
	waitFor(q, 50)
	if _, err := q.Do(t.Context(), rows(2, 1)); err == nil || !strings.Contains(err.Error(), "queue is full") {
		t.Errorf("a full queue gave %v", err)
	}
	g.leave <- nil
	<-g.entered
	g.leave <- nil
	want(t, running, nil)
	want(t, large, nil)
}

// TestPatience: a call is refused if the runs are too slow for it to end in time.
func TestPatience(t *testing.T) {
	g := newGate()
	q := New(Options{Workers: 2, Capacity: 1000, Patience: 10 * time.Second, BatchRows: 1, BatchTokens: 10}, g.run)
	defer q.Close()
	q.pace = 0.5 // seconds for a token
	var running []<-chan error
	for range 2 {
		running = append(running, do(t, q, t.Context(), rows(0, 5)))
		<-g.entered
	}
	waiting := do(t, q, t.Context(), rows(0, 30))
	waitFor(q, 30)
	if _, err := q.Do(t.Context(), rows(2, 11)); err == nil || !strings.Contains(err.Error(), "queue is full") {
		t.Errorf("a call that would wait 10.25 seconds got %v", err)
	}
	let := do(t, q, t.Context(), rows(2, 9))
	waitFor(q, 39)
	for range 2 {
		g.leave <- nil
		<-g.entered
	}
	g.leave <- nil
	g.leave <- nil
	for _, ended := range append(running, waiting, let) {
		want(t, ended, nil)
	}
}

// TestCancelled: the rows of a cancelled call leave the queue, and free their tokens.
func TestCancelled(t *testing.T) {
	g := newGate()
	q := New(Options{Workers: 1, Capacity: 10, Patience: time.Hour, BatchRows: 1, BatchTokens: 10}, g.run)
	defer q.Close()
	running := do(t, q, t.Context(), rows(0, 5))
	<-g.entered
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := do(t, q, ctx, rows(1, 4, 4))
	waitFor(q, 8)
	cancel()
	want(t, cancelled, context.Canceled)
	if tokens, calls := q.Waiting(); tokens != 0 || calls != 0 {
		t.Errorf("%d tokens of %d calls wait", tokens, calls)
	}
	g.leave <- nil
	want(t, running, nil)
}

// TestError: an error ends the call, and no other call.
func TestError(t *testing.T) {
	g := newGate()
	q := New(Options{Workers: 1, Capacity: 100, Patience: time.Hour, BatchRows: 1, BatchTokens: 10}, g.run)
	defer q.Close()
	broken := errors.New("broken")
	failing := do(t, q, t.Context(), rows(0, 5, 5, 5))
	<-g.entered
	other := do(t, q, t.Context(), rows(9, 5))
	waitFor(q, 15)
	g.leave <- broken
	<-g.entered
	g.leave <- nil
	want(t, failing, broken)
	want(t, other, nil)
}

func TestMany(t *testing.T) {
	q := New(Options{Workers: 4, Capacity: 1 << 20, Patience: time.Hour, BatchRows: 8, BatchTokens: 200}, func(rows [][]int64) ([][]float32, error) { return echo(rows), nil })
	defer q.Close()
	var group sync.WaitGroup
	for caller := range 64 {
		group.Go(func() {
			for round := range 20 {
				want(t, do(t, q, t.Context(), rows(int64(caller*100+round), 1+round, 30, 1+caller%20, 12)), nil)
			}
		})
	}
	group.Wait()
	if tokens, calls := q.Waiting(); tokens != 0 || calls != 0 {
		t.Errorf("%d tokens of %d calls wait", tokens, calls)
	}
	if results, err := q.Do(t.Context(), nil); results != nil || err != nil {
		t.Errorf("no rows gave %v, %v", results, err)
	}
}
