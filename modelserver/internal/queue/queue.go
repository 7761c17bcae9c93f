// Package queue chooses the next texts for the network. Calls wait in a queue bounded by tokens, and workers take texts from
// all calls in turn.
package queue

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/moodring/moodring/modelserver/internal/problem"
)

// Run gives the network's outputs for some rows of ids.
type Run func(rows [][]int64) ([][]float32, error)

// Options configure a queue.
type Options struct {
	Workers  int // runs at a time
	Capacity int // the most waiting tokens
	// Patience is the longest estimated wait of a call that enters, by the speed of former runs. All calls in the queue
	// advance together, so too many calls would all be late.
	Patience  time.Duration
	BatchRows int // rows in one run; 1 for a network whose scores depend on the other rows
	// BatchTokens limits the tokens of a run, padding included. One row alone may be longer.
	BatchTokens int
	Observe     func(Event)
}

// Event is one run of the network.
type Event struct {
	Rows, Tokens int // Tokens counts no padding
	Waited       time.Duration
}

// Queue is a queue with its workers. It is safe for concurrent use.
type Queue struct {
	options Options
	run     Run
	workers sync.WaitGroup

	mutex  sync.Mutex
	wake   *sync.Cond
	calls  []*call // calls with waiting rows, the next one first
	tokens int     // tokens of all waiting rows
	pace   float64 // seconds a token of the last runs
	closed bool
}

// call is the rows of one caller.
type call struct {
	rows    [][]int64
	results [][]float32
	waiting []int // indices of rows not yet taken by a worker, by length
	running int
	err     error
	done    chan struct{}
	entered time.Time
}

// New starts the workers of a queue. Close ends them.
func New(options Options, run Run) *Queue {
	q := &Queue{options: options, run: run}
	q.wake = sync.NewCond(&q.mutex)
	for range options.Workers {
		q.workers.Go(q.work)
	}
	return q
}

// Close ends the workers. No call may be in the queue.
func (q *Queue) Close() {
	q.mutex.Lock()
	q.closed = true
	q.mutex.Unlock()
	q.wake.Broadcast()
	q.workers.Wait()
}

// Waiting returns the tokens and the calls that wait.
func (q *Queue) Waiting() (tokens, calls int) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	return q.tokens, len(q.calls)
}

// Do returns the outputs for each row. A full queue refuses the call at once. When ctx is done, the call's waiting rows leave
// the queue, and Do returns ctx's error.
func (q *Queue) Do(ctx context.Context, rows [][]int64) ([][]float32, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	c := newCall(rows)
	if err := q.enter(c); err != nil {
		return nil, err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		q.leave(c, ctx.Err())
		<-c.done
	}
	return c.results, c.err
}

func newCall(rows [][]int64) *call {
	c := &call{rows: rows, results: make([][]float32, len(rows)), waiting: make([]int, len(rows)), done: make(chan struct{}), entered: time.Now()}
	for i := range c.waiting {
		c.waiting[i] = i
	}
	slices.SortStableFunc(c.waiting, func(a, b int) int { return len(rows[a]) - len(rows[b]) })
	return c
}

func (c *call) tokens() int {
	total := 0
	for _, i := range c.waiting {
		total += len(c.rows[i])
	}
	return total
}

// enter puts c into the queue. A call larger than the whole queue enters only an empty queue.
func (q *Queue) enter(c *call) error {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	tokens := c.tokens()
	if q.tokens > 0 && (q.tokens+tokens > q.options.Capacity || q.wait(q.tokens+tokens) > q.options.Patience) {
		return problem.New(problem.Busy, "the model's queue is full; try again")
	}
	q.tokens += tokens
	q.calls = append(q.calls, c)
	if len(c.rows) == 1 {
		q.wake.Signal()
	} else {
		q.wake.Broadcast()
	}
	return nil
}

// wait estimates the time until all workers have run some tokens.
func (q *Queue) wait(tokens int) time.Duration {
	return time.Duration(float64(tokens) * q.pace / float64(q.options.Workers) * float64(time.Second))
}

// leave drops the rows of c not yet taken by a worker.
func (q *Queue) leave(c *call, err error) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.tokens -= c.tokens()
	c.waiting = nil
	q.calls = slices.DeleteFunc(q.calls, func(other *call) bool { return other == c })
	q.finish(c, 0, err)
}

// finish ends c once no row of it waits or runs. The first error stays.
func (q *Queue) finish(c *call, ended int, err error) {
	select {
	case <-c.done:
		return
	default:
	}
	c.running -= ended
	if c.err == nil {
		c.err = err
	}
	if len(c.waiting) == 0 && c.running == 0 {
		close(c.done)
	}
}

// work runs batches until the queue is closed.
func (q *Queue) work() {
	for {
		batch := q.next()
		if batch == nil {
			return
		}
		started := time.Now()
		results, err := q.run(batch.rows())
		ran := time.Since(started)
		q.deliver(batch, results, err, ran)
		if q.options.Observe != nil {
			q.options.Observe(Event{len(batch), batch.tokens(), started.Sub(batch[0].call.entered)})
		}
	}
}

// next waits for rows, and takes a batch out of the queue.
func (q *Queue) next() batch {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	for len(q.calls) == 0 {
		if q.closed {
			return nil
		}
		q.wake.Wait()
	}
	taken := q.take()
	q.tokens -= taken.tokens()
	return taken
}

// deliver gives the results of a run to the calls. After an error a call's other rows need no run.
func (q *Queue) deliver(taken batch, results [][]float32, err error, ran time.Duration) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	const share = 0.1 // weight of the last run in the pace
	q.pace += share * (ran.Seconds()/float64(taken.tokens()) - q.pace)
	for i, item := range taken {
		c := item.call
		if err != nil {
			q.tokens -= c.tokens()
			c.waiting = nil
			q.calls = slices.DeleteFunc(q.calls, func(other *call) bool { return other == c })
		} else {
			c.results[item.row] = results[i]
		}
		q.finish(c, 1, err)
	}
}
