//go:build wasip1

// The filter's Wasm module. It counts the predictions in the replies that pass a
// gateway; see internal/filter.
package main

import (
	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/filter"
)

// main is never called: with -buildmode=c-shared the module is a reactor, and the
// host runs package initialization only.
func main() {}

// vm handles all callbacks. wasmexport only works on package-level functions, so
// vm has to be a global.
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

// actionContinue is proxy-wasm's CONTINUE. The filter never returns any other
// action.
const actionContinue = 0

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(stream, _, _ uint32) uint32 {
	vm.RequestHeaders(stream)
	return actionContinue
}

//go:wasmexport proxy_on_response_body
func onResponseBody(stream, size, isEnd uint32) uint32 {
	vm.ResponseBody(stream, int(size), isEnd != 0)
	return actionContinue
}

//go:wasmexport proxy_on_response_trailers
func onResponseTrailers(stream, _ uint32) uint32 {
	vm.ResponseTrailers(stream)
	return actionContinue
}

//go:wasmexport proxy_on_log
func onLog(stream uint32) { vm.Logged(stream) }

//go:wasmexport proxy_on_tick
func onTick(root uint32) { vm.Tick(root) }
