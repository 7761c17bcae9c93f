package counters

// Names is a set of names, numbered from 0 in the order of Add. In Wasm it takes
// a fraction of the instructions of Go's maps. The zero value is an empty set.
type Names struct {
	list  []name
	index []uint32 // hash table with open addressing: a name's number plus one, or 0
}

type name struct {
	text []byte
	hash uint32
}

// Len returns the number of names.
func (n *Names) Len() int { return len(n.list) }

// Has reports whether the set has a name.
func (n *Names) Has(text string) bool { return n.Find([]byte(text), Hash(text)) >= 0 }

// Text returns the name with the given number.
func (n *Names) Text(number int) []byte { return n.list[number].text }

// reset removes all names and keeps the memory.
func (n *Names) reset() {
	if len(n.list) > 0 {
		n.list = n.list[:0]
		clear(n.index)
	}
}

// Find returns the number of the name with this text and Hash, or -1.
func (n *Names) Find(text []byte, hash uint32) (number int) {
	if len(n.list) == 0 {
		return -1
	}
	for i := n.slot(hash); n.index[i] != 0; i = n.next(i) {
		number = int(n.index[i] - 1)
		if known := &n.list[number]; known.hash == hash && string(known.text) == string(text) {
			return number
		}
	}
	return -1
}

// Add adds a name that is not in the set yet, and returns its number.
func (n *Names) Add(text []byte, hash uint32) (number int) {
	if 2*len(n.list) >= len(n.index) {
		n.grow()
	}
	number = len(n.list)
	if number < cap(n.list) {
		n.list = n.list[:number+1]
	} else {
		n.list = append(n.list, name{})
	}
	added := &n.list[number]
	added.text, added.hash = append(added.text[:0], text...), hash
	n.insert(number)
	return number
}

func (n *Names) grow() {
	n.index = make([]uint32, max(32, 2*len(n.index)))
	for number := range n.list {
		n.insert(number)
	}
}

func (n *Names) insert(number int) {
	i := n.slot(n.list[number].hash)
	for n.index[i] != 0 {
		i = n.next(i)
	}
	n.index[i] = uint32(number + 1)
}

func (n *Names) slot(hash uint32) int { return int(hash) & (len(n.index) - 1) }
func (n *Names) next(slot int) int    { return (slot + 1) & (len(n.index) - 1) }

// Hash returns the 32-bit FNV-1a hash of a name.
func Hash[T string | []byte](name T) uint32 {
	sum := uint32(2166136261)
	for i := range len(name) {
		sum = (sum ^ uint32(name[i])) * 16777619
	}
	return sum
}
