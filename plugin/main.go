//go:build wasip1

// Moodring's filter: counts what models answer, in the replies that pass a
// gateway. See internal/filter.
package main

import (
	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/filter"
)

// main is not called when the host loads the filter as a reactor: wasip1 with
// -buildmode=c-shared runs init alone.
func main() {}

// vm is what the proxy calls, by the functions below. They are functions, so what
// they call can stand nowhere but in a variable.
var vm = filter.New(&abi.Envoy{})

//go:wasmexport proxy_abi_version_0_2_1
func abiVersion() {}

//go:wasmexport proxy_on_context_create
func onContextCreate(id, root uint32) { vm.ContextCreated(id, root) }

//go:wasmexport proxy_on_configure
func onConfigure(root, _ uint32) uint32 {
	if vm.Configure(root) {
		return 1
	}
	return 0
}

// carryOn is the one action of this filter: headers, body and trailers pass.
const carryOn = 0

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(stream, _, _ uint32) uint32 {
	vm.RequestHeaders(stream)
	return carryOn
}

//go:wasmexport proxy_on_response_body
func onResponseBody(stream, size, isEnd uint32) uint32 {
	vm.ResponseBody(stream, int(size), isEnd != 0)
	return carryOn
}

//go:wasmexport proxy_on_response_trailers
func onResponseTrailers(stream, _ uint32) uint32 {
	vm.ResponseTrailers(stream)
	return carryOn
}

//go:wasmexport proxy_on_log
func onLog(stream uint32) { vm.Logged(stream) }

//go:wasmexport proxy_on_tick
func onTick(root uint32) { vm.Tick(root) }
