//go:build wasip1

// Mortal is Moodring's filter with an unrecoverable fault: a request for /die
// exhausts the memory.
package main

import (
	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/filter"
)

func main() {}

var (
	envoy abi.Envoy
	vm    = filter.New(&envoy)
)

const tooMuch = 3 << 30 // bytes; more than the limit of Envoy

//go:wasmexport proxy_abi_version_0_2_1
func abiVersion() {}

//go:wasmexport proxy_on_context_create
func onContextCreate(id, root uint32) { vm.ContextCreated(id, root) }

//go:wasmexport proxy_on_configure
func onConfigure(root, _ uint32) uint32 {
	vm.Configure(root)
	return 1
}

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(stream, _, _ uint32) uint32 {
	if path, _ := envoy.Header(abi.RequestHeaders, ":path"); string(path) == "/die" {
		envoy.Log(abi.Critical, string(make([]byte, tooMuch)))
	}
	vm.RequestHeaders(stream)
	return 0
}

//go:wasmexport proxy_on_response_body
func onResponseBody(stream, size, isEnd uint32) uint32 {
	vm.ResponseBody(stream, int(size), isEnd != 0)
	return 0
}

//go:wasmexport proxy_on_log
func onLog(stream uint32) { vm.Logged(stream) }
