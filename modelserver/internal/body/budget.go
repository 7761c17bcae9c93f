package body

import "sync"

// budget is a number of bytes that all bodies share.
type budget struct {
	mutex sync.Mutex
	left  int64
}

// take reports whether size bytes were left.
func (b *budget) take(size int64) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if size > b.left {
		return false
	}
	b.left -= size
	return true
}

func (b *budget) give(size int64) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.left += size
}

// split divides size bytes after the first held bytes of a body into the part that belongs to the body's beginning, and
// the rest.
func (r *Reader) split(held, size int64) (small, large int64) {
	small = min(max(r.limits.Classes-held, 0), size)
	return small, size - small
}

// charge takes size further bytes for a body that already holds held bytes.
func (r *Reader) charge(held, size int64) bool {
	small, large := r.split(held, size)
	if !r.small.take(small) {
		return false
	}
	if !r.large.take(large) {
		r.small.give(small)
		return false
	}
	return true
}

func (r *Reader) release(held int64) {
	small, large := r.split(0, held)
	r.small.give(small)
	r.large.give(large)
}
