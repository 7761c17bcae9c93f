package filter

// spare keeps what ended replies were gathered in for the next ones, up to a
// bound, so that a request makes no garbage.
type spare struct{ replies []*reply }

const mostSpare = 32

// take returns one that is ready for the body of the stream's reply.
func (s *spare) take(ledger *ledger, of *stream) *reply {
	var taken *reply
	if last := len(s.replies) - 1; last >= 0 {
		taken, s.replies = s.replies[last], s.replies[:last]
	} else {
		taken = &reply{}
	}
	taken.reset(ledger, of)
	return taken
}

func (s *spare) put(ended *reply) {
	if len(s.replies) < mostSpare {
		s.replies = append(s.replies, ended)
	}
}
