package abitest

import (
	"github.com/moodring/moodring/plugin/internal/abi"
)

// Root is the root context of a VM's first plugin.
const Root = 1

// Start starts the plugin of vm.Root with vm.Config.
func (vm *VM) Start(filter abi.Filter) bool {
	filter.ContextCreated(vm.Root, 0)
	return filter.Configure(vm.Root)
}

// Exchange is a request and its reply. The zero value is a request without a path,
// and a reply with status 200 and no body.
type Exchange struct {
	Path    string
	Request Headers // besides the path

	Status   string // empty means 200
	Headers  Headers
	Body     []string // chunks
	Trailers Headers
	Details  string // Envoy's response code details

	IsReset bool // the stream ends before its reply does
}

// Begin passes the exchange's request through the filter. The returned headers are
// valid until the next Begin.
func (vm *VM) Begin(filter abi.Filter, stream uint32, e *Exchange) Headers {
	filter.ContextCreated(stream, vm.Root)
	vm.setHeaders(abi.RequestHeaders, ":path", e.Path, e.Request)
	filter.RequestHeaders(stream)
	return vm.headers[abi.RequestHeaders]
}

func (vm *VM) setHeaders(to abi.Map, name, value string, others Headers) {
	vm.headers[to] = append(append(vm.headers[to][:0], [2]string{name, value}), others...)
}

// End passes the exchange's reply through the filter and ends the stream.
func (vm *VM) End(filter abi.Filter, stream uint32, e *Exchange) {
	status := e.Status
	if status == "" {
		status = "200"
	}
	vm.details = e.Details
	if e.IsReset {
		vm.details = "upstream_reset_after_response_started{connection_termination}"
	}
	vm.setHeaders(abi.ResponseHeaders, ":status", status, e.Headers)
	for i, chunk := range e.Body {
		vm.body = append(vm.body[:0], chunk...)
		isLast := i == len(e.Body)-1 && len(e.Trailers) == 0 && !e.IsReset
		filter.ResponseBody(stream, len(chunk), isLast)
	}
	if len(e.Trailers) > 0 && !e.IsReset {
		vm.headers[abi.ResponseTrailers] = e.Trailers
		filter.ResponseTrailers(stream)
	}
	filter.Logged(stream)
	for _, from := range []abi.Map{abi.ResponseHeaders, abi.ResponseTrailers} {
		vm.headers[from] = vm.headers[from][:0]
	}
}

// Pass passes a whole exchange through the filter.
func (vm *VM) Pass(filter abi.Filter, e *Exchange) {
	vm.Begin(filter, aStream, e)
	vm.End(filter, aStream, e)
}

const aStream = 2
