package filter

import (
	"math/rand/v2"
	"testing"
)

// TestStreams compares the table with a map, for ids that are close, far apart, or
// all in the same slot.
func TestStreams(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, id := range map[string]func() uint32{
		"close":       func() uint32 { return 1 + random.Uint32N(64) },
		"far apart":   random.Uint32,
		"in one slot": func() uint32 { return 1 + random.Uint32N(64)<<16 },
	} {
		t.Run(name, func(t *testing.T) {
			table, want := newStreams(), map[uint32]*stream{}
			for range 10000 {
				id := id()
				if got := table.find(id); got != want[id] {
					t.Fatalf("%d is %v, want %v", id, got, want[id])
				}
				if want[id] == nil && random.IntN(2) == 0 {
					want[id] = table.add(id)
				} else if want[id] != nil && random.IntN(2) == 0 {
					table.remove(want[id])
					delete(want, id)
				}
				if table.count != len(want) {
					t.Fatalf("%d streams, want %d", table.count, len(want))
				}
			}
			for id, stream := range want {
				if table.find(id) != stream {
					t.Errorf("%d is lost", id)
				}
			}
		})
	}
}

// TestStreamsForget checks that a large table is not kept when it is empty.
func TestStreamsForget(t *testing.T) {
	table := newStreams()
	var open []*stream
	for id := range uint32(10 * maxIdleSlots) {
		open = append(open, table.add(id+1))
	}
	for _, stream := range open {
		table.remove(stream)
	}
	if slots := len(table.table); slots > maxIdleSlots {
		t.Errorf("%d slots for no stream", slots)
	}
	if table.find(1) != nil {
		t.Error("a stream that has ended is found")
	}
}
