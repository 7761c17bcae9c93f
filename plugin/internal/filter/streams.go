package filter

// streams are those that are followed, by id. Envoy counts ids up, so a table
// in which an id's last bits are its place hardly ever looks twice.
type streams struct {
	table []*stream // open addressing; its length is a power of two, and at least twice the count
	count int
}

func newStreams() streams { return streams{table: make([]*stream, 16)} }

func (s *streams) place(id uint32) int { return int(id) & (len(s.table) - 1) }
func (s *streams) next(place int) int  { return (place + 1) & (len(s.table) - 1) }

func (s *streams) find(id uint32) *stream {
	for i := s.place(id); s.table[i] != nil; i = s.next(i) {
		if s.table[i].id == id {
			return s.table[i]
		}
	}
	return nil
}

// put adds a stream whose id is not there.
func (s *streams) put(added *stream) {
	if s.count++; 2*s.count > len(s.table) {
		s.grow()
	}
	s.enter(added)
}

func (s *streams) grow() {
	smaller := s.table
	s.table = make([]*stream, 2*len(smaller))
	for _, stream := range smaller {
		if stream != nil {
			s.enter(stream)
		}
	}
}

func (s *streams) enter(stream *stream) {
	i := s.place(stream.id)
	for s.table[i] != nil {
		i = s.next(i)
	}
	s.table[i] = stream
}

// remove takes a stream out, if it is there, and moves those behind it so that
// each can still be found from its place on.
func (s *streams) remove(id uint32) {
	hole := s.place(id)
	for s.table[hole] != nil && s.table[hole].id != id {
		hole = s.next(hole)
	}
	if s.table[hole] == nil {
		return
	}
	s.count--
	for i := s.next(hole); s.table[i] != nil; i = s.next(i) {
		if s.mayMove(hole, s.place(s.table[i].id), i) {
			s.table[hole], hole = s.table[i], i
		}
	}
	s.table[hole] = nil
}

// mayMove tells whether a stream at i whose place is home may move to hole: not
// if home lies between the two.
func (s *streams) mayMove(hole, home, i int) bool {
	mask := len(s.table) - 1
	return (i-home)&mask >= (i-hole)&mask
}
