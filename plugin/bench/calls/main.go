//go:build wasip1

// A filter that makes the same calls to the proxy as Moodring for a reply with
// one prediction, and ignores the results. Its cost is the minimum for any
// filter with these calls. Moodring's counters are not included, because
// Moodring increments them once for many replies.
package main

import "unsafe"

func main() {}

var (
	buffer   = make([]byte, 64<<10)
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
func onConfigure(_, _ uint32) uint32 { return 1 }

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(_, _, _ uint32) uint32 {
	header(0, ":path")
	header(0, "accept-encoding")
	return 0
}

//go:wasmexport proxy_on_response_body
func onResponseBody(_, size, _ uint32) uint32 {
	if size > 0 {
		_ = getBuffer(1, 0, size, &returned.address, &returned.size) // the body is ignored
	}
	return 0
}

//go:wasmexport proxy_on_log
func onLog(_ uint32) { header(2, ":status") }

func header(from uint32, name string) {
	_ = getHeader(from, name, &returned.address, &returned.size) // the value is ignored
}

//go:wasmimport env proxy_get_buffer_bytes
//go:noescape
func getBuffer(buffer, start, length uint32, address, size *uint32) uint32

//go:wasmimport env proxy_get_header_map_value
//go:noescape
func getHeader(from uint32, name string, address, size *uint32) uint32
