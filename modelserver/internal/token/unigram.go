package token

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// unigram splits a word into the pieces with the highest sum of scores.
type unigram struct {
	trie     *trie
	scores   []float64
	unknown  int64
	penalty  float64    // the score of an unknown character
	bytes    [256]int64 // the id of each byte, or missing
	bytewise bool       // an unknown stretch is its bytes, if all of them have ids
}

// unknownPenalty is how much less than the worst piece an unknown character scores.
const unknownPenalty = 10

// maxPiece is the longest piece in bytes. The time for a word grows with its length times the longest piece.
const maxPiece = 1024

func newUnigram(pieces []piece, unknown int64, bytewise bool) (*unigram, error) {
	u := &unigram{scores: make([]float64, len(pieces)), unknown: unknown, bytewise: bytewise}
	texts := make([]string, len(pieces))
	lowest := math.Inf(1)
	for id, p := range pieces {
		if len(p.text) > maxPiece {
			return nil, fmt.Errorf("piece %d of Unigram has %d bytes; the limit is %d", id, len(p.text), maxPiece)
		}
		texts[id], u.scores[id] = p.text, p.score
		lowest = min(lowest, p.score)
	}
	u.penalty = lowest - unknownPenalty
	u.trie = newTrie(texts)
	for b := range u.bytes {
		u.bytes[b] = u.trie.find(fmt.Sprintf("<0x%02X>", b))
	}
	return u, nil
}

func (u *unigram) maxID() int64 { return int64(len(u.scores)) - 1 }

// step is the best way to a place in a word: its score, and the last piece of it.
type step struct {
	score float64
	from  int32 // where the last piece begins, or missing
	id    int32
}

func (u *unigram) append(ids []int64, word string) []int64 {
	var room [64]step
	steps := room[:]
	if len(word) >= len(room) {
		steps = make([]step, len(word)+1)
	}
	u.walk(steps, word)
	return u.collect(ids, steps, word)
}

// walk finds the best way to each place. Of equal ways the first that is found stays: its last piece is the longest.
func (u *unigram) walk(steps []step, word string) {
	for i := range steps {
		steps[i].from = missing
	}
	for at := 0; at < len(word); {
		_, size := utf8.DecodeRuneInString(word[at:])
		known, score := false, steps[at].score
		for node, end := int32(0), at; end < len(word); {
			if node = u.trie.child(node, word[end]); node == missing {
				break
			}
			end++
			if id := u.trie.nodes[node].id; id != missing {
				known = known || end == at+size
				steps[end].offer(u.scores[id]+score, at, int64(id))
			}
		}
		if !known {
			steps[at+size].offer(u.penalty+score, at, u.unknown)
		}
		at += size
	}
}

func (s *step) offer(score float64, from int, id int64) {
	if s.from == missing || score > s.score {
		*s = step{score, int32(from), int32(id)}
	}
}

// collect appends the ids of the best way to the end. A stretch of unknown pieces is one piece.
func (u *unigram) collect(ids []int64, steps []step, word string) []int64 {
	start := len(ids)
	for end := len(word); end > 0; {
		at := steps[end]
		from := int(at.from)
		if int64(at.id) != u.unknown {
			ids = append(ids, int64(at.id))
		} else {
			for from > 0 && int64(steps[from].id) == u.unknown {
				from = int(steps[from].from)
			}
			ids = u.appendUnknown(ids, word[from:end])
		}
		end = from
	}
	slices.Reverse(ids[start:])
	return ids
}

// appendUnknown appends the ids of an unknown stretch, the last first.
func (u *unigram) appendUnknown(ids []int64, stretch string) []int64 {
	if id := u.trie.find(stretch); id != missing {
		return append(ids, id)
	}
	if !u.bytewise {
		return append(ids, u.unknown)
	}
	start := len(ids)
	for i := len(stretch) - 1; i >= 0; i-- {
		id := u.bytes[stretch[i]]
		if id == missing {
			return append(ids[:start], u.unknown)
		}
		ids = append(ids, id)
	}
	return ids
}
