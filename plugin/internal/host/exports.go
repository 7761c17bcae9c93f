//go:build wasip1

package host

import "unsafe"

// filter takes the calls. The ABI's exports are functions, so what they call
// can stand nowhere but in a variable.
var filter Filter

// Serve has the proxy's calls go to f. It is to be called before the module's
// initialisation ends.
func Serve(f Filter) { filter = f }

//go:wasmexport proxy_abi_version_0_2_1
func abiVersion() {}

//go:wasmexport proxy_on_memory_allocate
func onMemoryAllocate(size uint32) unsafe.Pointer { return handOut(int(size)) }

//go:wasmexport proxy_on_context_create
func onContextCreate(id, root uint32) { filter.ContextCreated(id, root) }

//go:wasmexport proxy_on_configure
func onConfigure(root, _ uint32) uint32 { return flag(filter.Configure(root)) }

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(stream, _, _ uint32) uint32 {
	filter.RequestHeaders(stream)
	return carryOn
}

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(stream, _, isEnd uint32) uint32 {
	filter.ResponseHeaders(stream, isEnd != 0)
	return carryOn
}

//go:wasmexport proxy_on_response_body
func onResponseBody(stream, size, isEnd uint32) uint32 {
	filter.ResponseBody(stream, int(size), isEnd != 0)
	return carryOn
}

//go:wasmexport proxy_on_response_trailers
func onResponseTrailers(stream, _ uint32) uint32 {
	filter.ResponseTrailers(stream)
	return carryOn
}

//go:wasmexport proxy_on_log
func onLog(stream uint32) { filter.Logged(stream) }

// carryOn is the one action of this filter: headers, body and trailers pass.
const carryOn = 0

func flag(is bool) uint32 {
	if is {
		return 1
	}
	return 0
}
