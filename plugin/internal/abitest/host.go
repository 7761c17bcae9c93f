// Package abitest is a proxy in memory, for tests: it runs the filter's code as
// it is, or as compiled wasm, and one body of tests runs on both.
package abitest

import (
	"bytes"
	"maps"
	"slices"

	"github.com/moodring/moodring/plugin/internal/abi"
)

// Proxy is what all VMs of a proxy share. Its zero value is ready.
type Proxy struct {
	counters map[string]uint64
	shared   map[string]shared
	versions uint32
}

type shared struct {
	value   []byte
	version uint32
}

// Counters returns the counters that there are, by name.
func (p *Proxy) Counters() map[string]uint64 { return maps.Clone(p.counters) }

// VM is one VM of a proxy: abi.Host. It is in one callback of one stream at a
// time, and what it returns stands in one buffer, and bodies in another, as in the
// real one.
type VM struct {
	Proxy  *Proxy
	Root   uint32   // the context of the plugin that is started, or that streams are of
	Ended  uint32   // the context of a plugin that is gone, if any is
	Config []byte   // of the plugin that is started
	Logged []string // lines
	Calls  int      // of the filter, so far
	Tick   uint32   // milliseconds between ticks, as the filter has asked; 0 for none

	// RouteChoices counts what makes Envoy choose a request's route anew.
	RouteChoices int

	names   []string // of counters, by id
	headers map[abi.Map]Headers
	body    []byte
	details string
	buffer  []byte // what is returned
	piece   []byte // of a body
}

var _ abi.Host = (*VM)(nil)

// NewVM returns a VM of the proxy.
func NewVM(proxy *Proxy) *VM {
	return &VM{Proxy: proxy, Root: Root, headers: map[abi.Map]Headers{}, buffer: make([]byte, 4<<10), piece: make([]byte, 64<<10)}
}

// Headers are names, in lower case, with values.
type Headers [][2]string

func (h Headers) index(name string) int {
	return slices.IndexFunc(h, func(pair [2]string) bool { return pair[0] == name })
}

func (vm *VM) give(value []byte) []byte {
	vm.buffer = append(vm.buffer[:0], value...)
	return vm.buffer
}

// margin is what can be read behind a piece of a body: here, what looks like the
// beginning of more.
var margin = [abi.Margin]byte(bytes.Repeat([]byte("}]]}{\"label\":\"0."), abi.Margin/16))

// Log implements abi.Host.
func (vm *VM) Log(_ abi.Level, message string) {
	vm.Calls++
	vm.Logged = append(vm.Logged, message)
}

// Configuration implements abi.Host.
func (vm *VM) Configuration() ([]byte, abi.Status) {
	vm.Calls++
	return vm.give(vm.Config), abi.OK
}

// Header implements abi.Host.
func (vm *VM) Header(from abi.Map, name string) ([]byte, abi.Status) {
	vm.Calls++
	headers := vm.headers[from]
	at := headers.index(name)
	if at < 0 {
		return nil, abi.NotFound
	}
	vm.buffer = append(vm.buffer[:0], headers[at][1]...)
	return vm.buffer, abi.OK
}

// RemoveHeader implements abi.Host. As in Envoy it is no error when there is
// no such header, and the route is chosen anew all the same.
func (vm *VM) RemoveHeader(from abi.Map, name string) abi.Status {
	vm.Calls++
	vm.RouteChoices++
	if at := vm.headers[from].index(name); at >= 0 {
		vm.headers[from] = slices.Delete(vm.headers[from], at, at+1)
	}
	return abi.OK
}

// Body implements abi.Host.
func (vm *VM) Body(start, length int) ([]byte, abi.Status) {
	vm.Calls++
	start = min(start, len(vm.body))
	end := min(start+length, len(vm.body))
	vm.piece = append(append(vm.piece[:0], vm.body[start:end]...), margin[:]...)
	return vm.piece[:end-start], abi.OK
}

// Property implements abi.Host.
func (vm *VM) Property(path string) ([]byte, abi.Status) {
	vm.Calls++
	if path != "response\x00code_details" || vm.details == "" {
		return nil, abi.NotFound
	}
	return vm.give([]byte(vm.details)), abi.OK
}

// Exists implements abi.Host.
func (vm *VM) Exists(id, _ uint32) bool {
	vm.Calls++
	return id != vm.Ended
}

// DefineCounter implements abi.Host.
func (vm *VM) DefineCounter(name []byte) (uint32, abi.Status) {
	vm.Calls++
	if vm.Proxy.counters == nil {
		vm.Proxy.counters = map[string]uint64{}
	}
	vm.Proxy.counters[string(name)] += 0
	vm.names = append(vm.names, string(name))
	return uint32(len(vm.names) - 1), abi.OK
}

// Increment implements abi.Host. Envoy refuses increments of nothing.
func (vm *VM) Increment(counter uint32, n uint64) abi.Status {
	vm.Calls++
	if n == 0 || int(counter) >= len(vm.names) {
		return badArgument
	}
	vm.Proxy.counters[vm.names[counter]] += n
	return abi.OK
}

const badArgument abi.Status = 2

// SetTick implements abi.Host.
func (vm *VM) SetTick(milliseconds uint32) abi.Status {
	vm.Calls++
	vm.Tick = milliseconds
	return abi.OK
}

// Shared implements abi.Host.
func (vm *VM) Shared(key []byte) ([]byte, uint32, abi.Status) {
	vm.Calls++
	known, ok := vm.Proxy.shared[string(key)]
	if !ok {
		return nil, 0, abi.NotFound
	}
	return vm.give(known.value), known.version, abi.OK
}

// SetShared implements abi.Host.
func (vm *VM) SetShared(key, value []byte, version uint32) abi.Status {
	vm.Calls++
	known, ok := vm.Proxy.shared[string(key)]
	if ok && version != 0 && version != known.version {
		return abi.VersionMismatch
	}
	if !ok && vm.Proxy.shared == nil {
		vm.Proxy.shared = map[string]shared{}
	}
	vm.Proxy.versions++
	vm.Proxy.shared[string(key)] = shared{slices.Clone(value), vm.Proxy.versions}
	return abi.OK
}
