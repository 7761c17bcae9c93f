package queue

import "slices"

// item is one row of a call.
type item struct {
	call *call
	row  int
}

// batch is the rows of one run.
type batch []item

func (b batch) rows() [][]int64 {
	rows := make([][]int64, len(b))
	for i, item := range b {
		rows[i] = item.call.rows[item.row]
	}
	return rows
}

func (b batch) tokens() int {
	total := 0
	for _, item := range b {
		total += len(item.call.rows[item.row])
	}
	return total
}

// take removes the next batch from the queue: the shortest row of the first call, and rows of a similar length from all
// calls. The first call then goes to the end of the queue, so that a call of many rows does not hold up other calls.
func (q *Queue) take() batch {
	first := q.calls[0]
	taken := batch{first.takeRow(0)}
	shortest := len(taken.rows()[0])
	for _, c := range q.calls {
		taken = c.takeSimilar(taken, shortest, q.options)
	}
	q.calls = slices.DeleteFunc(q.calls, func(c *call) bool { return len(c.waiting) == 0 })
	if len(q.calls) > 1 && q.calls[0] == first {
		q.calls = append(q.calls[1:], first)
	}
	return taken
}

// takeRow takes the row at place at of the waiting rows.
func (c *call) takeRow(at int) item {
	row := c.waiting[at]
	c.waiting = slices.Delete(c.waiting, at, at+1)
	c.running++
	return item{c, row}
}

// takeSimilar adds rows to a batch: at least as long as its first row, and at most a quarter longer, so that less than a
// fifth of a run is padding.
func (c *call) takeSimilar(taken batch, shortest int, options Options) batch {
	at, _ := slices.BinarySearchFunc(c.waiting, shortest, func(row, length int) int { return len(c.rows[row]) - length })
	for at < len(c.waiting) && len(taken) < options.BatchRows {
		length := len(c.rows[c.waiting[at]])
		if length > shortest+shortest/4 || (len(taken)+1)*length > options.BatchTokens {
			break
		}
		taken = append(taken, c.takeRow(at))
	}
	return taken
}
