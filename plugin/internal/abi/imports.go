//go:build wasip1

package abi

import "unsafe"

// The proxy copies its results to the memory that proxy_on_memory_allocate
// returns. The filter uses each result before the next host call, except for a
// body chunk, so two buffers are enough and a request allocates nothing. The
// buffers grow to the longest result; the filter limits the length of a chunk.
var (
	values = make([]byte, 4<<10)
	chunks = make([]byte, 64<<10+Margin)

	isChunk bool // whether the current host call returns a body chunk
)

//go:wasmexport proxy_on_memory_allocate
func onMemoryAllocate(size uint32) unsafe.Pointer {
	buffer := &values
	if isChunk {
		buffer = &chunks
	}
	if int(size) > len(*buffer)-Margin {
		*buffer = make([]byte, int(size)+Margin)
	}
	return unsafe.Pointer(unsafe.SliceData(*buffer))
}

// The proxy writes a result's size here, and the address of the buffer, which is
// known and not read.
var returned struct{ address, size, number uint32 }

// result returns the bytes that a host call has returned with its status.
func result(status Status) ([]byte, Status) {
	if status != OK {
		return nil, status
	}
	return values[:returned.size], OK
}

// Envoy is the proxy that runs this module.
type Envoy struct{}

var _ Host = (*Envoy)(nil)

// Log implements Host. A failure to log cannot be reported anywhere.
func (*Envoy) Log(level Level, message string) { _ = log(level, message) }

// Configuration implements Host.
func (*Envoy) Configuration() ([]byte, Status) {
	return result(getBuffer(PluginConfiguration, 0, 1<<31-1, &returned.address, &returned.size))
}

// Header implements Host.
func (*Envoy) Header(from Map, name string) ([]byte, Status) {
	status := getHeader(from, name, &returned.address, &returned.size)
	return values[:returned.size], status // no test of status, so that the compiler inlines the method
}

// RemoveHeader implements Host.
func (*Envoy) RemoveHeader(from Map, name string) Status { return removeHeader(from, name) }

// Body implements Host.
func (*Envoy) Body(start, length int) ([]byte, Status) {
	isChunk = true
	status := getBuffer(ResponseBody, uint32(start), uint32(length), &returned.address, &returned.size)
	isChunk = false
	if status != OK {
		return nil, status
	}
	return chunks[:returned.size], OK
}

// Property implements Host.
func (*Envoy) Property(path string) ([]byte, Status) {
	return result(getProperty(path, &returned.address, &returned.size))
}

// Exists implements Host. Only an existing context can be made the effective one.
func (*Envoy) Exists(id, self uint32) bool {
	if setEffectiveContext(id) != OK {
		return false
	}
	_ = setEffectiveContext(self) // cannot fail: self exists
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
	value, status := result(getSharedData(unsafe.Pointer(unsafe.SliceData(key)), uint32(len(key)),
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
