//go:build wasip1

package abi

import (
	"unsafe"

	"github.com/moodring/moodring/plugin/internal/json"
)

// What the proxy returns goes into memory that it asks onMemoryAllocate for.
// Each result is used before the next host call, but for pieces of bodies, so that
// two buffers serve all of them, and a request leaves no garbage. They grow to the
// longest value there was, and the filter reads bodies in pieces.
var (
	values = make([]byte, 4<<10)
	pieces = make([]byte, 64<<10+json.Margin)

	isPiece bool // what the call that is under way returns
)

//go:wasmexport proxy_on_memory_allocate
func handOut(size uint32) unsafe.Pointer {
	buffer := &values
	if isPiece {
		buffer = &pieces
	}
	if int(size) > len(*buffer)-json.Margin {
		*buffer = make([]byte, int(size)+json.Margin)
	}
	return unsafe.Pointer(unsafe.SliceData(*buffer))
}

// Where the proxy writes the numbers that it returns. It writes no address but
// the buffer's own.
var returned struct{ address, size, number uint32 }

// handedOut returns what a call has returned with its status.
func handedOut(status Status) ([]byte, Status) {
	if status != OK {
		return nil, status
	}
	return values[:returned.size], OK
}

// Envoy is the proxy that runs this module.
type Envoy struct{}

var _ Host = (*Envoy)(nil)

// Log implements Host. There is nobody to tell that a line could not be logged.
func (*Envoy) Log(level Level, message string) { _ = log(level, message) }

// Configuration implements Host.
func (*Envoy) Configuration() ([]byte, Status) {
	return handedOut(getBuffer(PluginConfiguration, 0, 1<<31-1, &returned.address, &returned.size))
}

// Header implements Host.
func (*Envoy) Header(from Map, name string) ([]byte, Status) {
	status := getHeader(from, name, &returned.address, &returned.size)
	return values[:returned.size], status // in as few steps as the compiler puts where it is called
}

// RemoveHeader implements Host.
func (*Envoy) RemoveHeader(from Map, name string) Status { return removeHeader(from, name) }

// Body implements Host.
func (*Envoy) Body(start, length int) ([]byte, Status) {
	isPiece = true
	status := getBuffer(ResponseBody, uint32(start), uint32(length), &returned.address, &returned.size)
	isPiece = false
	if status != OK {
		return nil, status
	}
	return pieces[:returned.size], OK
}

// Property implements Host.
func (*Envoy) Property(path string) ([]byte, Status) {
	return handedOut(getProperty(path, &returned.address, &returned.size))
}

// Exists implements Host: only a context that exists can be what calls are about.
func (*Envoy) Exists(id, self uint32) bool {
	if setEffectiveContext(id) != OK {
		return false
	}
	_ = setEffectiveContext(self) // which exists
	return true
}

// DefineCounter implements Host.
func (*Envoy) DefineCounter(name []byte) (uint32, Status) {
	const counter = 0
	status := defineMetric(counter, unsafe.Pointer(unsafe.SliceData(name)), uint32(len(name)), &returned.number)
	return returned.number, status
}

// Increment implements Host.
func (*Envoy) Increment(counter uint32, n uint64) Status { return incrementMetric(counter, int64(n)) }

// SetTick implements Host.
func (*Envoy) SetTick(milliseconds uint32) Status { return setTick(milliseconds) }

// Shared implements Host.
func (*Envoy) Shared(key []byte) ([]byte, uint32, Status) {
	value, status := handedOut(getSharedData(unsafe.Pointer(unsafe.SliceData(key)), uint32(len(key)),
		&returned.address, &returned.size, &returned.number))
	return value, returned.number, status
}

// SetShared implements Host.
func (*Envoy) SetShared(key, value []byte, version uint32) Status {
	return setSharedData(unsafe.Pointer(unsafe.SliceData(key)), uint32(len(key)),
		unsafe.Pointer(unsafe.SliceData(value)), uint32(len(value)), version)
}

//go:wasmimport env proxy_log
//go:noescape
func log(level Level, message string) Status

//go:wasmimport env proxy_get_buffer_bytes
//go:noescape
func getBuffer(buffer, start, length uint32, address, size *uint32) Status

//go:wasmimport env proxy_get_header_map_value
//go:noescape
func getHeader(from Map, name string, address, size *uint32) Status

//go:wasmimport env proxy_remove_header_map_value
//go:noescape
func removeHeader(from Map, name string) Status

//go:wasmimport env proxy_get_property
//go:noescape
func getProperty(path string, address, size *uint32) Status

//go:wasmimport env proxy_set_effective_context
//go:noescape
func setEffectiveContext(id uint32) Status

//go:wasmimport env proxy_define_metric
//go:noescape
func defineMetric(kind uint32, name unsafe.Pointer, nameSize uint32, id *uint32) Status

//go:wasmimport env proxy_increment_metric
//go:noescape
func incrementMetric(id uint32, offset int64) Status

//go:wasmimport env proxy_set_tick_period_milliseconds
//go:noescape
func setTick(milliseconds uint32) Status

//go:wasmimport env proxy_get_shared_data
//go:noescape
func getSharedData(key unsafe.Pointer, keySize uint32, address, size, version *uint32) Status

//go:wasmimport env proxy_set_shared_data
//go:noescape
func setSharedData(key unsafe.Pointer, keySize uint32, value unsafe.Pointer, valueSize uint32, version uint32) Status
