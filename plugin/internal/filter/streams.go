package filter

// streams are those that are followed, by id. Envoy counts ids up, so a table
// in which an id's last bits are its place hardly ever looks twice. A stream that
// has ended stays in its place for another one, so that a request makes no garbage.
type streams struct {
	table []*stream // its length is a power of two, and at least twice the count
	count int
	reach int // how far from its place a stream can be
}

func newStreams() streams { return streams{table: make([]*stream, 16)} }

// place is where an id's stream is, or so many places further.
func (s *streams) place(id uint32, further int) **stream {
	return &s.table[(int(id)+further)&(len(s.table)-1)]
}

// find returns the stream of that id, or nil.
func (s *streams) find(id uint32) *stream {
	for i := range s.reach + 1 {
		if found := *s.place(id, i); found != nil && found.id == id {
			return found
		}
	}
	return nil
}

// add returns a stream of an id that is not there, to be reset.
func (s *streams) add(id uint32) *stream {
	if s.count++; 2*s.count > len(s.table) {
		s.grow()
	}
	place := s.free(id)
	if *place == nil {
		*place = &stream{}
	}
	(*place).id = id
	return *place
}

// free returns the place for an id's stream.
func (s *streams) free(id uint32) **stream {
	for i := 0; ; i++ {
		if place := s.place(id, i); *place == nil || (*place).id == noStream {
			s.reach = max(s.reach, i)
			return place
		}
	}
}

func (s *streams) grow() {
	smaller := s.table
	s.table, s.reach = make([]*stream, 2*len(smaller)), 0
	for _, stream := range smaller {
		if stream != nil && stream.id != noStream {
			*s.free(stream.id) = stream
		}
	}
}

// remove makes a stream's place free. Once none is left, a table that was for many
// is not kept.
func (s *streams) remove(ended *stream) {
	ended.id = noStream
	if s.count--; s.count > 0 {
		return
	}
	if s.reach = 0; len(s.table) > mostIdle {
		*s = newStreams()
	}
}

// mostIdle is the longest table that is kept when nothing passes.
const mostIdle = 1 << 10

// noStream is the id of no stream: the VM itself has it.
const noStream = 0
