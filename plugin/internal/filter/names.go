package filter

// names numbers names from 0 on, in the order in which they come. Go's own maps
// take several times the steps in Wasm.
type names struct {
	list  []name
	index []uint32 // by hash, open addressing: a number plus one, or 0
}

type name struct {
	text []byte
	sum  uint32 // its hash
}

func (n *names) len() int { return len(n.list) }

// reset forgets the names, and keeps the memory they took.
func (n *names) reset() {
	if len(n.list) > 0 {
		n.list = n.list[:0]
		clear(n.index)
	}
}

// find returns a name's number, or -1.
func (n *names) find(text []byte, sum uint32) (number int) {
	if len(n.list) == 0 {
		return -1
	}
	for i := n.slot(sum); n.index[i] != 0; i = n.next(i) {
		number = int(n.index[i] - 1)
		if known := &n.list[number]; known.sum == sum && string(known.text) == string(text) {
			return number
		}
	}
	return -1
}

// add numbers a name that has no number.
func (n *names) add(text []byte, sum uint32) (number int) {
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
	added.text, added.sum = append(added.text[:0], text...), sum
	n.enter(number)
	return number
}

func (n *names) grow() {
	n.index = make([]uint32, max(32, 2*len(n.index)))
	for number := range n.list {
		n.enter(number)
	}
}

func (n *names) enter(number int) {
	i := n.slot(n.list[number].sum)
	for n.index[i] != 0 {
		i = n.next(i)
	}
	n.index[i] = uint32(number + 1)
}

func (n *names) slot(sum uint32) int { return int(sum) & (len(n.index) - 1) }
func (n *names) next(slot int) int   { return (slot + 1) & (len(n.index) - 1) }

// hash is FNV-1a, 32 bits.
func hash[T string | []byte](name T) uint32 {
	sum := uint32(2166136261)
	for i := range len(name) {
		sum = (sum ^ uint32(name[i])) * 16777619
	}
	return sum
}
