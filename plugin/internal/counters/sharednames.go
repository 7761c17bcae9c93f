package counters

import "github.com/moodring/moodring/plugin/internal/abi"

// sharedNames is a bounded set of names, shared by all VMs of the proxy. Each name
// has a value of type T in this VM, a pointer.
type sharedNames[T any] struct {
	nameList
	values []T // by the name's number, made when they are first needed
	make   func(name string) T
}

// find returns the value of a name, or nil.
func (s *sharedNames[T]) find(name []byte, hash uint32) T {
	return s.value(s.names.Find(name, hash))
}

// admit returns the value of a name, and adds the name if it is new and the set
// has fewer than limit names. If the set is full, admit returns nil.
func (s *sharedNames[T]) admit(proxy abi.Proxy, name []byte, hash uint32, limit int) T {
	return s.value(s.nameList.admit(proxy, name, hash, limit))
}

// value returns the value of the name with this number, or nil if number is -1.
func (s *sharedNames[T]) value(number int) (value T) {
	if number < 0 {
		return value
	}
	for len(s.values) <= number {
		s.values = append(s.values, s.make(string(s.names.Text(len(s.values)))))
	}
	return s.values[number]
}

// nameList is a set of names that all VMs of the proxy share: the limit holds for
// all VMs together, and all VMs count the same names separately.
//
// The set is a single value of the proxy's shared data, a list that only grows. An
// entry is the name's length in two bytes, and the name. A VM reads the list when a
// name is unknown, unless its copy of the list is full.
type nameList struct {
	key   []byte // of the shared list
	names Names
	read  int // number of bytes of the shared list that are in names
}

// noVersion never occurs as a version: the proxy counts versions up from 1.
// SetShared with noVersion sets the value only if the key does not exist.
const noVersion = 1<<32 - 1

const lengthBytes = 2

// admit returns the number of a name, and adds the name if it is new and the set
// has fewer than limit names. If the set is full, admit returns -1.
func (l *nameList) admit(proxy abi.Proxy, name []byte, hash uint32, limit int) (number int) {
	for {
		if number = l.names.Find(name, hash); number >= 0 || l.names.Len() >= limit {
			return number
		}
		list, version, isShared := l.load(proxy)
		if number = l.names.Find(name, hash); number >= 0 || l.names.Len() >= limit {
			return number
		}
		if !isShared || l.share(proxy, list, name, version) != abi.VersionMismatch {
			return l.names.Add(name, hash)
		}
	}
}

// load adds the names that other VMs have admitted, and returns the shared list.
// If the list cannot be read, isShared is false; this VM then keeps to the limit
// alone.
func (l *nameList) load(proxy abi.Proxy) (list []byte, version uint32, isShared bool) {
	list, version, status := proxy.Shared(l.key)
	switch {
	case status == abi.NotFound:
		return nil, noVersion, true
	case status != abi.OK || len(list) < l.read:
		return nil, 0, false
	}
	for rest := list[l.read:]; len(rest) > 0; {
		if len(rest) < lengthBytes {
			return nil, 0, false
		}
		end := lengthBytes + int(rest[0])<<8 + int(rest[1])
		if len(rest) < end {
			return nil, 0, false
		}
		name := rest[lengthBytes:end]
		if hash := Hash(name); l.names.Find(name, hash) < 0 {
			l.names.Add(name, hash)
		}
		rest = rest[end:]
	}
	l.read = len(list)
	return list, version, true
}

// share writes the shared list with one more name.
func (l *nameList) share(proxy abi.Proxy, list, name []byte, version uint32) abi.Status {
	longer := make([]byte, 0, len(list)+lengthBytes+len(name))
	longer = append(longer, list...)
	longer = append(longer, byte(len(name)>>8), byte(len(name)))
	longer = append(longer, name...)
	status := proxy.SetShared(l.key, longer, version)
	if status == abi.OK {
		l.read = len(longer)
	}
	return status
}
