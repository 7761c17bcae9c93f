package filter

import "github.com/moodring/moodring/plugin/internal/counters"

// replyPool keeps ended replies for reuse, up to a limit, so that a request
// allocates nothing.
type replyPool struct{ replies []*reply }

const maxPooled = 32

// get returns a reply that is ready for the response body of the stream.
func (p *replyPool) get(counts *counters.Counters, of *stream) *reply {
	var r *reply
	if last := len(p.replies) - 1; last >= 0 {
		r, p.replies = p.replies[last], p.replies[:last]
	} else {
		r = &reply{}
	}
	r.reset(counts, of)
	return r
}

func (p *replyPool) put(ended *reply) {
	if len(p.replies) < maxPooled {
		p.replies = append(p.replies, ended)
	}
}
