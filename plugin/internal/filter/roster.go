package filter

import "github.com/moodring/moodring/plugin/internal/abi"

// roster is a bounded set of names that all VMs of the proxy admit together, so
// that the bound holds for all of them and they keep the same names apart. The
// VMs share it as one value, a list that only grows: two bytes for a name's
// length, and the name. A VM asks for it when it meets a name that it does not
// know, and once its own copy is full, not even then.
type roster[T any] struct {
	key     []byte // of the shared list
	names   names
	members []*T // by number
	make    func(name string) *T
	read    int // bytes of the shared list that are in members
}

// noVersion is a version that the proxy gives to no value (they count up from
// 1): a value set with it is set only if there is none.
const noVersion = 1<<32 - 1

const sizeBytes = 2

// find returns the member of that name and hash, or nil.
func (r *roster[T]) find(name []byte, sum uint32) *T {
	if number := r.names.find(name, sum); number >= 0 {
		return r.members[number]
	}
	return nil
}

// admit returns the member of that name, which joins if there is room. Without
// room it returns nil.
func (r *roster[T]) admit(h abi.Proxy, name []byte, sum uint32, limit int) *T {
	for {
		if known := r.find(name, sum); known != nil || len(r.members) >= limit {
			return known
		}
		list, version, isShared := r.load(h)
		if known := r.find(name, sum); known != nil || len(r.members) >= limit {
			return known
		}
		if !isShared || r.share(h, list, name, version) != abi.VersionMismatch {
			return r.add(name, sum)
		}
	}
}

// load takes in what other VMs have admitted, and returns the whole list. It is
// not shared where the proxy fails to give it: then a VM keeps the bound by
// itself.
func (r *roster[T]) load(h abi.Proxy) (list []byte, version uint32, isShared bool) {
	list, version, status := h.Shared(r.key)
	switch {
	case status == abi.NotFound:
		return nil, noVersion, true
	case status != abi.OK || len(list) < r.read:
		return nil, 0, false
	}
	for rest := list[r.read:]; len(rest) > 0; {
		if len(rest) < sizeBytes {
			return nil, 0, false
		}
		end := sizeBytes + int(rest[0])<<8 + int(rest[1])
		if len(rest) < end {
			return nil, 0, false
		}
		name := rest[sizeBytes:end]
		if sum := hash(name); r.find(name, sum) == nil {
			r.add(name, sum)
		}
		rest = rest[end:]
	}
	r.read = len(list)
	return list, version, true
}

// share sets the list with one more name.
func (r *roster[T]) share(h abi.Proxy, list, name []byte, version uint32) abi.Status {
	longer := make([]byte, 0, len(list)+sizeBytes+len(name))
	longer = append(longer, list...)
	longer = append(longer, byte(len(name)>>8), byte(len(name)))
	longer = append(longer, name...)
	status := h.SetShared(r.key, longer, version)
	if status == abi.OK {
		r.read = len(longer)
	}
	return status
}

func (r *roster[T]) add(name []byte, sum uint32) *T {
	r.names.add(name, sum)
	member := r.make(string(name))
	r.members = append(r.members, member)
	return member
}
