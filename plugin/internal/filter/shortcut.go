package filter

import "bytes"

// shortcut is a path that leads to one model, one that has room.
type shortcut struct {
	asked route // in memory of its own
	model *model
}

// shortcuts are the paths that were asked twice, so that the usual request needs
// no look at what its path says.
type shortcuts struct {
	latestPath []byte
	latest     *shortcut

	paths names
	list  []*shortcut // by the path's number
}

// mostShortcuts is how many paths are kept. Each is a model's that has room, in
// one of the few ways to write it; what there are more of is looked at each time.
const mostShortcuts = 128

// find returns the shortcut that a path is, or nil.
func (s *shortcuts) find(path []byte) *shortcut {
	if s.latest != nil && string(s.latestPath) == string(path) {
		return s.latest
	}
	number := s.paths.find(path, hash(path))
	if number < 0 {
		return nil
	}
	s.latest, s.latestPath = s.list[number], s.paths.list[number].text
	return s.latest
}

// add makes a path a shortcut.
func (s *shortcuts) add(path []byte, asked route, to *model) {
	if s.paths.len() == mostShortcuts {
		return
	}
	s.paths.add(path, hash(path))
	asked.name, asked.version = bytes.Clone(asked.name), bytes.Clone(asked.version)
	s.list = append(s.list, &shortcut{asked, to})
}
