//go:build wasip1

// A filter that asks the proxy what Moodring's asks it for each reply with one
// answer, and does nothing with it: what such a filter costs at least, whatever it
// does between its calls. What Moodring's counts it tells for many replies at once.
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
		_ = getBuffer(1, 0, size, &returned.address, &returned.size) // nobody looks at it
	}
	return 0
}

//go:wasmexport proxy_on_log
func onLog(_ uint32) { header(2, ":status") }

func header(from uint32, name string) {
	_ = getHeader(from, name, &returned.address, &returned.size) // nor at this
}

//go:wasmimport env proxy_get_buffer_bytes
//go:noescape
func getBuffer(buffer, start, length uint32, address, size *uint32) uint32

//go:wasmimport env proxy_get_header_map_value
//go:noescape
func getHeader(from uint32, name string, address, size *uint32) uint32
