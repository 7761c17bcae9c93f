package token

import "container/heap"

// byteLevel is BPE over the bytes of a word.
type byteLevel struct {
	tokens map[string]int64
	bytes  [256]int64 // the id of each byte, or missing
	merges map[[2]int64]merge
	// whole takes a word of the vocabulary as it is, whatever the merges say.
	whole bool
	// unknown is the id of a byte without a token, or missing: the byte is then dropped.
	unknown int64
	// fuse joins neighbouring unknown bytes into one id.
	fuse bool
}

const missing = -1

// merge joins two neighbouring ids. The lowest rank is joined first.
type merge struct {
	rank int
	id   int64
}

func (b *byteLevel) maxID() int64 { return largestID(b.tokens) }

// alphabet holds the character that stands for each byte in a byte-level vocabulary: printable Latin-1 characters stand for
// themselves, and the others for characters from U+0100 on.
var alphabet = func() (alphabet [256]rune) {
	next := rune(0x100)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xff && b != 0xad {
			alphabet[b] = b
			continue
		}
		alphabet[b] = next
		next++
	}
	return alphabet
}()

// spelled returns a word in the characters of the vocabulary.
func spelled(word string) string {
	runes := make([]rune, len(word))
	for i := range len(word) {
		runes[i] = alphabet[word[i]]
	}
	return string(runes)
}

func (b *byteLevel) append(ids []int64, word string) []int64 {
	if b.whole {
		if id, ok := b.tokens[spelled(word)]; ok {
			return append(ids, id)
		}
	}
	symbols := b.symbols(word)
	b.join(symbols)
	for at := 0; at < len(symbols); at = symbols[at].next {
		ids = append(ids, symbols[at].id)
	}
	return ids
}

// symbol is one id of a word, in a list that joins shorten.
type symbol struct {
	id             int64
	previous, next int
	joined         bool // into the symbol before it
}

// symbols returns the ids of the word's bytes.
func (b *byteLevel) symbols(word string) []symbol {
	symbols := make([]symbol, 0, len(word))
	unknown := false
	for i := range len(word) {
		id := b.bytes[word[i]]
		if id == missing {
			if b.unknown == missing || unknown && b.fuse {
				continue
			}
			id, unknown = b.unknown, true
		} else {
			unknown = false
		}
		at := len(symbols)
		symbols = append(symbols, symbol{id: id, previous: at - 1, next: at + 1})
	}
	return symbols
}

// join carries out all merges: the lowest rank first, and of equal ranks the leftmost.
func (b *byteLevel) join(symbols []symbol) {
	var due candidates
	for left := range symbols {
		b.consider(&due, symbols, left)
	}
	for len(due) > 0 {
		next := heap.Pop(&due).(candidate)
		left := &symbols[next.at]
		if m, ok := b.merge(symbols, next.at); left.joined || !ok || m.id != next.id {
			continue // an earlier join changed the pair
		}
		symbols[left.next].joined = true
		left.id, left.next = next.id, symbols[left.next].next
		if left.next < len(symbols) {
			symbols[left.next].previous = next.at
		}
		b.consider(&due, symbols, left.previous)
		b.consider(&due, symbols, next.at)
	}
}

// merge returns the merge of the symbol at a place with the symbol after it.
func (b *byteLevel) merge(symbols []symbol, at int) (merge, bool) {
	next := symbols[at].next
	if next >= len(symbols) {
		return merge{}, false
	}
	m, ok := b.merges[[2]int64{symbols[at].id, symbols[next].id}]
	return m, ok
}

// consider adds the merge at a place to the candidates.
func (b *byteLevel) consider(due *candidates, symbols []symbol, at int) {
	if at < 0 {
		return
	}
	if m, ok := b.merge(symbols, at); ok {
		heap.Push(due, candidate{m, at})
	}
}

// candidate is a merge that may be carried out at a place.
type candidate struct {
	merge
	at int
}

// candidates is a heap.
type candidates []candidate

func (c candidates) Len() int { return len(c) }
func (c candidates) Less(i, j int) bool {
	return c[i].rank < c[j].rank || c[i].rank == c[j].rank && c[i].at < c[j].at
}
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }

// Push is for heap.Interface.
func (c *candidates) Push(x any) { *c = append(*c, x.(candidate)) }

// Pop is for heap.Interface.
func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
