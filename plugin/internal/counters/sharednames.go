package counters

import "github.com/moodring/moodring/plugin/internal/abi"

// sharedNames is a bounded set of names, shared by all VMs of the proxy: the limit
// holds for all VMs together, and all VMs count the same names separately. Each
// name has a value of type T in this VM.
//
// The set is a single value of the proxy's shared data, a list that only grows. An
// entry is the name's length in two bytes, and the name. A VM reads the list when a
// name is unknown, unless its copy of the list is full.
type sharedNames[T any] struct {
	key    []byte // of the shared list
	names  Names
	values []*T // by the name's number
	make   func(name string) *T
	read   int // number of bytes of the shared list that are in values
}

// noVersion never occurs as a version: the proxy counts versions up from 1.
// SetShared with noVersion sets the value only if the key does not exist.
const noVersion = 1<<32 - 1

const lengthBytes = 2

// find returns the value of a name, or nil.
func (s *sharedNames[T]) find(name []byte, hash uint32) *T {
	if number := s.names.Find(name, hash); number >= 0 {
		return s.values[number]
	}
	return nil
}

// admit returns the value of a name, and adds the name if it is new and the set
// has fewer than limit names. If the set is full, admit returns nil.
func (s *sharedNames[T]) admit(proxy abi.Proxy, name []byte, hash uint32, limit int) *T {
	for {
		if known := s.find(name, hash); known != nil || len(s.values) >= limit {
			return known
		}
		list, version, isShared := s.load(proxy)
		if known := s.find(name, hash); known != nil || len(s.values) >= limit {
			return known
		}
		if !isShared || s.share(proxy, list, name, version) != abi.VersionMismatch {
			return s.add(name, hash)
		}
	}
}

// load adds the names that other VMs have admitted, and returns the shared list.
// If the list cannot be read, isShared is false; this VM then keeps to the limit
// alone.
func (s *sharedNames[T]) load(proxy abi.Proxy) (list []byte, version uint32, isShared bool) {
	list, version, status := proxy.Shared(s.key)
	switch {
	case status == abi.NotFound:
		return nil, noVersion, true
	case status != abi.OK || len(list) < s.read:
		return nil, 0, false
	}
	for rest := list[s.read:]; len(rest) > 0; {
		if len(rest) < lengthBytes {
			return nil, 0, false
		}
		end := lengthBytes + int(rest[0])<<8 + int(rest[1])
		if len(rest) < end {
			return nil, 0, false
		}
		name := rest[lengthBytes:end]
		if hash := Hash(name); s.find(name, hash) == nil {
			s.add(name, hash)
		}
		rest = rest[end:]
	}
	s.read = len(list)
	return list, version, true
}

// share writes the shared list with one more name.
func (s *sharedNames[T]) share(proxy abi.Proxy, list, name []byte, version uint32) abi.Status {
	longer := make([]byte, 0, len(list)+lengthBytes+len(name))
	longer = append(longer, list...)
	longer = append(longer, byte(len(name)>>8), byte(len(name)))
	longer = append(longer, name...)
	status := proxy.SetShared(s.key, longer, version)
	if status == abi.OK {
		s.read = len(longer)
	}
	return status
}

func (s *sharedNames[T]) add(name []byte, hash uint32) *T {
	s.names.Add(name, hash)
	value := s.make(string(name))
	s.values = append(s.values, value)
	return value
}
