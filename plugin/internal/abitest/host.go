// Package abitest is an in-memory proxy for tests. It runs the filter natively or
// as compiled Wasm, so that the same tests run on both.
package abitest

import (
	"bytes"
	"maps"
	"slices"

	"github.com/moodring/moodring/plugin/internal/abi"
)

// Proxy holds the state that all VMs of a proxy share. The zero value is ready for
// use.
type Proxy struct {
	counters map[string]uint64
	shared   map[string]shared
	versions uint32
}

type shared struct {
	value   []byte
	version uint32
}

// Counters returns the values of all counters by name.
func (p *Proxy) Counters() map[string]uint64 { return maps.Clone(p.counters) }

// VM is a VM of a proxy. It implements abi.Host. As in a real proxy, results
// share a single buffer, and body chunks have another buffer.
type VM struct {
	Proxy  *Proxy
	Root   uint32   // root context for Start and Begin
	Ended  uint32   // root context of a plugin that has ended, or 0
	Config []byte   // configuration for Start
	Logged []string // log lines
	Calls  int      // number of host calls
	Tick   uint32   // tick interval in milliseconds, or 0

	// Properties of each stream, by path, besides the response code details.
	Properties map[string]string

	// RouteChoices counts the calls that make Envoy choose a request's route again.
	RouteChoices int

	names   []string // names of counters, by id
	headers map[abi.Map]Headers
	body    []byte
	details string
	buffer  []byte // latest result
	chunk   []byte // latest body chunk
}

var _ abi.Host = (*VM)(nil)

// NewVM returns a VM of the proxy.
func NewVM(proxy *Proxy) *VM {
	return &VM{Proxy: proxy, Root: Root, headers: map[abi.Map]Headers{}, buffer: make([]byte, 4<<10), chunk: make([]byte, 64<<10)}
}

// Headers is a list of header names, in lower case, and values.
type Headers [][2]string

func (h Headers) index(name string) int {
	return slices.IndexFunc(h, func(pair [2]string) bool { return pair[0] == name })
}

func (vm *VM) give(value []byte) []byte {
	vm.buffer = append(vm.buffer[:0], value...)
	return vm.buffer
}

// margin follows a body chunk in memory. It looks like the beginning of another
// chunk.
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

// RemoveHeader implements abi.Host. As in Envoy, removing a missing header is no
// error and makes the proxy choose the route again.
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
	vm.chunk = append(append(vm.chunk[:0], vm.body[start:end]...), margin[:]...)
	return vm.chunk[:end-start], abi.OK
}

// Property implements abi.Host.
func (vm *VM) Property(path string) ([]byte, abi.Status) {
	vm.Calls++
	value, ok := vm.Properties[path]
	if path == "response\x00code_details" {
		value, ok = vm.details, vm.details != ""
	}
	if !ok {
		return nil, abi.NotFound
	}
	return vm.give([]byte(value)), abi.OK
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

// Increment implements abi.Host. Envoy refuses an increment of 0.
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
