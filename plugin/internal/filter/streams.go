package filter

// streams is a hash table of the open streams on predict routes, by id. Envoy
// counts ids up, so the last bits of an id are its slot, and collisions are rare.
// An ended stream stays in its slot for reuse, so that a request allocates
// nothing.
type streams struct {
	table []*stream // its length is a power of two, and at least twice count
	count int
	reach int // largest distance of a stream from its slot
}

func newStreams() streams { return streams{table: make([]*stream, 16)} }

// slot returns the slot at a distance from an id's own slot.
func (s *streams) slot(id uint32, distance int) **stream {
	return &s.table[(int(id)+distance)&(len(s.table)-1)]
}

// find returns the stream with that id, or nil.
func (s *streams) find(id uint32) *stream {
	for i := range s.reach + 1 {
		if found := *s.slot(id, i); found != nil && found.id == id {
			return found
		}
	}
	return nil
}

// add returns a stream for an id that is not in the table. The caller must reset
// the stream.
func (s *streams) add(id uint32) *stream {
	if s.count++; 2*s.count > len(s.table) {
		s.grow()
	}
	slot := s.freeSlot(id)
	if *slot == nil {
		*slot = &stream{}
	}
	(*slot).id = id
	return *slot
}

// freeSlot returns the nearest free slot for an id.
func (s *streams) freeSlot(id uint32) **stream {
	for i := 0; ; i++ {
		if slot := s.slot(id, i); *slot == nil || (*slot).id == noStream {
			s.reach = max(s.reach, i)
			return slot
		}
	}
}

func (s *streams) grow() {
	smaller := s.table
	s.table, s.reach = make([]*stream, 2*len(smaller)), 0
	for _, stream := range smaller {
		if stream != nil && stream.id != noStream {
			*s.freeSlot(stream.id) = stream
		}
	}
}

// remove frees a stream's slot. When the table becomes empty, a large table is
// replaced by a small one.
func (s *streams) remove(ended *stream) {
	ended.id = noStream
	if s.count--; s.count > 0 {
		return
	}
	if s.reach = 0; len(s.table) > maxIdleSlots {
		*s = newStreams()
	}
}

// maxIdleSlots is the length of the longest empty table that is kept.
const maxIdleSlots = 1 << 10

// noStream is never the id of a stream: it is the VM's own context.
const noStream = 0
