//go:build wasip1

// A filter that asks the proxy what Moodring's asks it for a reply with one
// answer, and does nothing with it: what such a filter costs at least, whatever it
// does between its calls.
package main

import "unsafe"

func main() {}

var (
	buffer   = make([]byte, 64<<10)
	counters [5]uint32
	returned struct{ address, size uint32 }
)

//go:wasmexport proxy_abi_version_0_2_1
func abiVersion() {}

//go:wasmexport proxy_on_memory_allocate
func onMemoryAllocate(size uint32) unsafe.Pointer {
	if int(size) > len(buffer) {
		buffer = make([]byte, size)
	}
	return unsafe.Pointer(unsafe.SliceData(buffer))
}

//go:wasmexport proxy_on_context_create
func onContextCreate(_, _ uint32) {}

//go:wasmexport proxy_on_configure
func onConfigure(_, _ uint32) uint32 {
	for i := range counters {
		if defineMetric(0, "calls_"+string(rune('0'+i)), &counters[i]) != 0 {
			return 0
		}
	}
	return 1
}

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(_, _, _ uint32) uint32 {
	header(0, ":path")
	header(0, "accept-encoding")
	return 0
}

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(_, _, _ uint32) uint32 {
	header(2, ":status")
	return 0
}

//go:wasmexport proxy_on_response_body
func onResponseBody(_, size, isEnd uint32) uint32 {
	if size > 0 {
		_ = getBuffer(1, 0, size, &returned.address, &returned.size) // nobody looks at it
	}
	if isEnd != 0 {
		for _, id := range counters {
			_ = incrementMetric(id, 1) // nor at these
		}
	}
	return 0
}

//go:wasmexport proxy_on_log
func onLog(_ uint32) {}

func header(from uint32, name string) {
	_ = getHeader(from, name, &returned.address, &returned.size) // nor at this
}

//go:wasmimport env proxy_get_buffer_bytes
//go:noescape
func getBuffer(buffer, start, length uint32, address, size *uint32) uint32

//go:wasmimport env proxy_get_header_map_value
//go:noescape
func getHeader(from uint32, name string, address, size *uint32) uint32

//go:wasmimport env proxy_define_metric
//go:noescape
func defineMetric(kind uint32, name string, id *uint32) uint32

//go:wasmimport env proxy_increment_metric
//go:noescape
func incrementMetric(id uint32, offset int64) uint32
