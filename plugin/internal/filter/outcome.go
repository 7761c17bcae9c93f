package filter

import (
	"bytes"
	"strconv"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abi"
)

// notAModels is the outcome of a reply that is no model's, or of none at all: it
// is not counted.
const notAModels = ""

// outcome returns that of the reply of a stream which has ended. Its headers and
// trailers are read only now: to be called when they pass would be one more call
// for each request.
func (vm *VM) outcome(s *stream) string {
	code, status := vm.host.Header(abi.ResponseHeaders, ":status")
	if status != abi.OK || len(code) == 0 { // there was no reply
		return notAModels
	}
	s.isThere = code[0] != '4'
	switch {
	case code[0] != '2':
		if vm.origin(false) == fromGateway {
			return notAModels
		}
		return contract.OutcomeErrorStatus
	case s.sole != nil && s.ending == byBody && !s.hasTrail && !s.isLost:
		return contract.OutcomeCounted
	case s.ending == open && !s.hasBody:
		return vm.unread(s, vm.outcomeOfHeaders(s))
	}
	return vm.unread(s, vm.outcomeOfBody(s))
}

// outcomeOfHeaders returns that of a success which is nothing but headers.
func (vm *VM) outcomeOfHeaders(s *stream) string {
	switch origin := vm.origin(true); {
	case origin == fromGateway:
		return notAModels
	case origin == cutShort:
		return contract.OutcomeTruncated
	case vm.hasFailed(s, abi.ResponseHeaders):
		return contract.OutcomeErrorStatus
	}
	return vm.close(s)
}

func (vm *VM) outcomeOfBody(s *stream) string {
	switch {
	case s.isLost:
		return contract.OutcomeUnparsed
	case s.ending == open || s.isGRPC && s.ending == byBody: // there is no success of gRPC without trailers
		return contract.OutcomeTruncated
	case vm.hasFailed(s, abi.ResponseTrailers):
		return contract.OutcomeErrorStatus
	}
	return vm.close(s)
}

// close returns the outcome of a reply whose body has ended.
func (vm *VM) close(s *stream) string {
	switch {
	case s.hasTrail:
		return contract.OutcomeUnparsed
	case s.sole != nil: // and trailers
		return contract.OutcomeCounted
	case s.isV2:
		return vm.reply(s).scanner.Close(vm.jsonBytes())
	}
	return vm.reply(s).scanner.Close(0)
}

// unread returns an outcome, or that of a compressed reply if its being one
// explains it. A header that is not there costs as much to ask for as any, and of
// a reply that could be read nobody needs to know.
func (vm *VM) unread(s *stream, outcome string) string {
	isOdd := outcome == contract.OutcomeUnparsed || outcome == contract.OutcomeTruncated
	if isOdd && !s.isGRPC && vm.isEncoded() {
		return contract.OutcomeEncoded
	}
	return outcome
}

// origin is who wrote a reply.
type origin uint8

const (
	fromModel origin = iota
	cutShort         // a model, but the reply did not end
	fromGateway
)

// origin tells a reply that the gateway made itself from a model's: a rate
// limit's 429, say, or the empty 200 of a CORS preflight. It is asked of refusals
// and empty replies only: those with answers in them are to be counted, whoever
// gives them. Of a success, what says that the gateway's patience ended means that
// the reply was cut; the gateway's own word for that is an error.
//
// Source: Envoy's response code details.
func (vm *VM) origin(isSuccess bool) origin {
	details, status := vm.host.Property("response\x00code_details")
	switch {
	case status != abi.OK || string(details) == "via_upstream":
		return fromModel
	case bytes.HasPrefix(details, []byte("downstream_")), bytes.HasPrefix(details, []byte("upstream_reset_after_")),
		isSuccess && (bytes.HasPrefix(details, []byte("upstream_")) || bytes.Contains(details, []byte("timeout"))):
		return cutShort
	}
	return fromGateway
}

// hasFailed tells whether a gRPC call ended with an error, which is 200 in
// HTTP: its status stands in the trailers, or in the headers of a reply that is
// nothing but headers.
func (vm *VM) hasFailed(s *stream, in abi.Map) bool {
	if !s.isGRPC {
		return false
	}
	code, status := vm.host.Header(in, "grpc-status")
	return status == abi.OK && string(code) != "0"
}

func (vm *VM) isEncoded() bool {
	encoding, status := vm.host.Header(abi.ResponseHeaders, "content-encoding")
	return status == abi.OK && len(encoding) > 0 && !bytes.EqualFold(encoding, []byte("identity"))
}

// jsonBytes returns how long the headers say that the JSON of a V2 reply is, or 0
// where they do not. A length that is none is left out: the body will show what it
// is.
func (vm *VM) jsonBytes() int {
	text, status := vm.host.Header(abi.ResponseHeaders, "inference-header-content-length")
	if status != abi.OK {
		return 0
	}
	length, err := strconv.Atoi(string(text))
	if err != nil {
		return 0
	}
	return max(0, length)
}
