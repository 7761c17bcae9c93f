package filter

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/ascii"
	"github.com/moodring/moodring/plugin/internal/json"
)

// notCounted is the outcome of a stream without a reply, and of a reply that the
// gateway made itself.
const notCounted = ""

// outcome returns the outcome of an ended stream's reply. Only now the response
// headers and trailers are read, because a callback for each would cost every
// request a call.
func (vm *VM) outcome(s *stream) string {
	code, status := vm.proxy.Header(abi.ResponseHeaders, ":status")
	if status != abi.OK || len(code) == 0 { // there was no reply
		return notCounted
	}
	s.isRefused = code[0] != '2' && code[0] != '5'
	switch {
	case code[0] != '2':
		if vm.origin(false) == fromGateway {
			return notCounted
		}
		return contract.OutcomeErrorStatus
	case s.single != nil && s.ending == endedByBody && !s.hasTrailing && !s.isLost:
		return contract.OutcomeCounted
	case s.ending == notEnded && !s.hasBody:
		return vm.orEncoded(s, vm.outcomeOfHeaders(s))
	}
	return vm.orEncoded(s, vm.outcomeOfBody(s))
}

// outcomeOfHeaders returns the outcome of a success that has headers only.
func (vm *VM) outcomeOfHeaders(s *stream) string {
	switch origin := vm.origin(true); {
	case origin == fromGateway:
		return notCounted
	case origin == cutShort:
		return contract.OutcomeTruncated
	case vm.hasFailed(s, abi.ResponseHeaders):
		return contract.OutcomeErrorStatus
	}
	return vm.endBody(s)
}

func (vm *VM) outcomeOfBody(s *stream) string {
	switch {
	case s.isLost:
		return contract.OutcomeUnparsed
	case s.ending == notEnded || s.isGRPC && s.ending == endedByBody: // a gRPC success always has trailers
		return contract.OutcomeTruncated
	case vm.hasFailed(s, abi.ResponseTrailers):
		return contract.OutcomeErrorStatus
	}
	return vm.endBody(s)
}

// endBody returns the outcome of a reply whose body is complete.
func (vm *VM) endBody(s *stream) string {
	switch {
	case s.hasTrailing:
		return contract.OutcomeUnparsed
	case s.single != nil: // with trailers
		return contract.OutcomeCounted
	case s.isV2:
		return vm.reply(s).scanner.Close(vm.jsonLength())
	}
	return vm.reply(s).scanner.Close(0)
}

// orEncoded turns unparsed or truncated into encoded if the reply has a
// content-encoding. The header is read in these cases only, because reading it
// costs a host call.
func (vm *VM) orEncoded(s *stream, outcome string) string {
	isUnread := outcome == contract.OutcomeUnparsed || outcome == contract.OutcomeTruncated
	if isUnread && !s.isGRPC && vm.isEncoded() {
		return contract.OutcomeEncoded
	}
	return outcome
}

// origin says where a reply comes from.
type origin uint8

const (
	fromModel   origin = iota
	cutShort           // from a model, and incomplete
	fromGateway        // made by the gateway
)

// origin returns the origin of an error or an empty reply, by Envoy's response
// code details. The gateway makes replies itself, such as a rate limit's 429 or
// the empty 200 of a CORS preflight. A reply with predictions is always counted,
// so its origin is not needed.
//
// If the gateway's time limit ends before the response headers, the gateway sends
// its own error. If it ends later, the model's success is cut.
func (vm *VM) origin(isSuccess bool) origin {
	details, status := vm.proxy.Property("response\x00code_details")
	switch {
	case status != abi.OK || string(details) == "via_upstream":
		return fromModel
	case ascii.HasPrefix(details, "downstream_"), ascii.HasPrefix(details, "upstream_reset_after_"),
		isSuccess && (ascii.HasPrefix(details, "upstream_") || ascii.HasSuffix(details, "timeout")):
		return cutShort
	}
	return fromGateway
}

// hasFailed reports whether a gRPC call ended with an error. Its HTTP status is
// 200; the gRPC status is in the trailers, or in the headers if the reply has
// headers only.
func (vm *VM) hasFailed(s *stream, in abi.Map) bool {
	if !s.isGRPC {
		return false
	}
	code, status := vm.proxy.Header(in, "grpc-status")
	return status == abi.OK && string(code) != "0"
}

func (vm *VM) isEncoded() bool {
	encoding, status := vm.proxy.Header(abi.ResponseHeaders, "content-encoding")
	return status == abi.OK && len(encoding) > 0 && !isWord(encoding, "identity")
}

// jsonLength returns the length of the JSON part of a V2 reply, from its header. For
// a missing or malformed header the length is 0, and the body decides.
func (vm *VM) jsonLength() int {
	text, status := vm.proxy.Header(abi.ResponseHeaders, "inference-header-content-length")
	if status != abi.OK {
		return 0
	}
	length, _ := json.ParseIndex(text)
	return length
}
