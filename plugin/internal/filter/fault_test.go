package filter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/abitest"
	"github.com/moodring/moodring/plugin/internal/filter"
)

// brokenHost is a proxy with host calls that fail.
type brokenHost struct {
	*abitest.VM
	body   func() abi.Status // called instead of Body, if not nil
	header func()            // called before Header, if not nil
	shared abi.Status
	define abi.Status
	tick   abi.Status
}

func (b *brokenHost) Body(start, length int) ([]byte, abi.Status) {
	if b.body != nil {
		return nil, b.body()
	}
	return b.VM.Body(start, length)
}

func (b *brokenHost) Header(from abi.Map, name string) ([]byte, abi.Status) {
	if b.header != nil {
		b.header()
	}
	return b.VM.Header(from, name)
}

func (b *brokenHost) Shared(key []byte) ([]byte, uint32, abi.Status) {
	if b.shared != abi.OK {
		return nil, 0, b.shared
	}
	return b.VM.Shared(key)
}

func (b *brokenHost) DefineCounter(name []byte) (uint32, abi.Status) {
	if b.define != abi.OK {
		return 0, b.define
	}
	return b.VM.DefineCounter(name)
}

func (b *brokenHost) SetTick(milliseconds uint32) abi.Status {
	if b.tick != abi.OK {
		return b.tick
	}
	return b.VM.SetTick(milliseconds)
}

const internalFailure abi.Status = 10

// TestFaults checks that after a fault only the current reply is not counted, and
// that the VM logs once.
func TestFaults(t *testing.T) {
	tests := []struct {
		name   string
		broken brokenHost
		want   map[string]uint64 // after three replies with the fault and one without
		logged []string
	}{
		{
			name:   "a panic while the reply is read",
			broken: brokenHost{body: func() abi.Status { panic("a fault") }},
			want:   map[string]uint64{faults: 3, predictions("joy"): 1, counted: 1},
			logged: []string{"moodring: a fault of the filter's own; the reply passes uncounted: please report it (further lines are left out)"},
		},
		{
			name:   "a panic at each header",
			broken: brokenHost{header: func() { panic("a fault") }},
			want:   map[string]uint64{faults: 3, predictions("joy"): 1, counted: 1},
			logged: []string{"moodring: a fault of the filter's own; the reply passes uncounted: please report it (further lines are left out)"},
		},
		{
			name:   "a chunk that cannot be read",
			broken: brokenHost{body: func() abi.Status { return internalFailure }},
			want:   map[string]uint64{unparsed: 3, predictions("joy"): 1, counted: 1},
			logged: []string{"moodring: a chunk of a reply cannot be read, and the reply counts as unparsed: proxy-wasm status 10 (further lines are left out)"},
		},
		{
			name:   "an empty chunk",
			broken: brokenHost{body: func() abi.Status { return abi.OK }},
			want:   map[string]uint64{unparsed: 3, predictions("joy"): 1, counted: 1},
			logged: []string{"moodring: a chunk of a reply cannot be read, and the reply counts as unparsed: ok (further lines are left out)"},
		},
		{
			name:   "a proxy that shares nothing",
			broken: brokenHost{shared: internalFailure},
			want:   map[string]uint64{predictions("joy"): 4, counted: 4},
		},
		{
			name:   "a proxy that makes no counters",
			broken: brokenHost{define: internalFailure},
			want:   map[string]uint64{predictions("joy"): 1, counted: 1},
			logged: []string{"moodring: the proxy does not make a counter, and what it would count is lost: proxy-wasm status 10 (further lines are left out)"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var proxy abitest.Proxy
			vm := abitest.NewVM(&proxy)
			vm.Config = []byte(`{"models": {"bert": {}}}`)
			broken := test.broken
			broken.VM = vm
			f := filter.New(&broken)
			vm.Start(f)
			reply := exchange{Path: bert, Body: []string{`{"predictions":`, `["joy"]}`}}
			for range 3 {
				vm.Pass(f, &reply)
			}
			broken = brokenHost{VM: vm}
			vm.Pass(f, &reply)
			checkCounters(t, &proxy, test.want)
			if diff := cmp.Diff(test.logged, vm.Logged); diff != "" {
				t.Errorf("logged (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFaultKeepsOtherCounts checks that a fault does not lose the counts of other
// replies.
func TestFaultKeepsOtherCounts(t *testing.T) {
	var proxy abitest.Proxy
	vm := abitest.NewVM(&proxy)
	broken := brokenHost{VM: vm}
	f := filter.New(&broken)
	vm.Start(f)
	reply := exchange{Path: bert, Body: []string{`{"predictions":["joy"]}`}}
	vm.Begin(f, 2, &reply)
	vm.Begin(f, 3, &reply)
	vm.End(f, 2, &reply)
	broken.body = func() abi.Status { panic("a fault") }
	vm.End(f, 3, &reply)
	checkCounters(t, &proxy, map[string]uint64{faults: 1, predictions("joy"): 1, counted: 1})
}

// TestNoTick checks that counts are flushed at once if the proxy has no ticks.
func TestNoTick(t *testing.T) {
	var proxy abitest.Proxy
	vm := abitest.NewVM(&proxy)
	f := filter.New(&brokenHost{VM: vm, tick: internalFailure})
	vm.Start(f)
	reply := exchange{Path: bert, Body: []string{`{"predictions":["joy"]}`}}
	vm.Begin(f, 2, &reply)
	vm.Begin(f, 3, &reply)
	vm.End(f, 3, &reply)
	checkCounters(t, &proxy, map[string]uint64{predictions("joy"): 1, counted: 1})
}
