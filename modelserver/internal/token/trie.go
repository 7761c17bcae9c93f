package token

import (
	"cmp"
	"slices"
	"strings"
)

// trie finds the pieces that a text begins with, byte by byte. The children of a node are neighbours.
type trie struct {
	nodes  []node
	labels []byte // the last byte of each node
}

type node struct {
	first    int32 // the first child
	children int16
	id       int32 // the id of the piece that ends here, or missing
}

// newTrie returns the trie of the texts; the index of a text is its id. Of equal texts the last counts. The empty text is left out.
func newTrie(texts []string) *trie {
	order := make([]int32, len(texts))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(strings.Compare(texts[a], texts[b]), int(a-b)) })
	t := &trie{nodes: []node{{id: missing}}, labels: []byte{0}}
	// Each node stands for the texts of one range in the order, which share their first bytes.
	type span struct{ from, to, depth int }
	spans := []span{{0, len(order), 0}}
	for at := 0; at < len(t.nodes); at++ {
		s := spans[at]
		for s.from < s.to && len(texts[order[s.from]]) == s.depth {
			if s.depth > 0 {
				t.nodes[at].id = order[s.from]
			}
			s.from++
		}
		t.nodes[at].first = int32(len(t.nodes))
		for s.from < s.to {
			label, to := texts[order[s.from]][s.depth], s.from+1
			for to < s.to && texts[order[to]][s.depth] == label {
				to++
			}
			t.nodes[at].children++
			t.nodes, t.labels = append(t.nodes, node{id: missing}), append(t.labels, label)
			spans = append(spans, span{s.from, to, s.depth + 1})
			s.from = to
		}
	}
	return t
}

// child returns the child of a node for a byte, or missing.
func (t *trie) child(at int32, label byte) int32 {
	n := t.nodes[at]
	low, high := n.first, n.first+int32(n.children)
	for low < high {
		middle := (low + high) / 2
		switch found := t.labels[middle]; {
		case found == label:
			return middle
		case found < label:
			low = middle + 1
		default:
			high = middle
		}
	}
	return missing
}

// find returns the id of a text, or missing.
func (t *trie) find(text string) int64 {
	at := int32(0)
	for i := range len(text) {
		if at = t.child(at, text[i]); at == missing {
			return missing
		}
	}
	return int64(t.nodes[at].id)
}
