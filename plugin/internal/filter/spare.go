package filter

import "github.com/moodring/moodring/plugin/internal/answer"

// spare keeps what ended streams leave for the next ones, so that a request
// makes no garbage: one for each of those that were in flight together, up to
// a bound.
type spare struct {
	streams []*stream
	replies []*reply
}

const (
	mostStreams = 256
	mostReplies = 32
)

// stream returns one for a request.
func (s *spare) stream(id uint32, plugin *plugin) *stream {
	var taken *stream
	if last := len(s.streams) - 1; last >= 0 {
		taken, s.streams = s.streams[last], s.streams[:last]
	} else {
		taken = &stream{}
	}
	taken.reset(id, plugin)
	return taken
}

// reply returns one that is ready for the body of the stream's reply.
func (s *spare) reply(ledger *ledger, of *stream, framing answer.Reply) *reply {
	var taken *reply
	if last := len(s.replies) - 1; last >= 0 {
		taken, s.replies = s.replies[last], s.replies[:last]
	} else {
		taken = &reply{}
	}
	taken.reset(ledger, of, framing)
	return taken
}

func (s *spare) put(ended *stream) {
	if ended.reply != nil && len(s.replies) < mostReplies {
		s.replies = append(s.replies, ended.reply)
	}
	ended.reply = nil
	if len(s.streams) < mostStreams {
		s.streams = append(s.streams, ended)
	}
}
