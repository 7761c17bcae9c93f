package filter

import (
	"bytes"
	"strconv"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/answer"
	"github.com/moodring/moodring/plugin/internal/host"
)

// stream is a request on a predict route, and its reply.
type stream struct {
	id           uint32
	plugin       *plugin
	isGRPC, isV2 bool

	// What the path does not name, the reply may.
	name, version         contract.Text
	namesName, hasVersion bool

	reply *reply // from its headers to its end, if it is read

	// isThere says that the reply is a model's, rather than a refusal that
	// anybody gets who makes up a name.
	isThere bool
}

func (s *stream) reset(id uint32, plugin *plugin, asked route) {
	s.id = id
	s.plugin, s.isGRPC, s.isV2, s.isThere = plugin, asked.isGRPC, asked.isV2, false
	setText(&s.name, asked.name)
	setText(&s.version, asked.version)
	s.namesName, s.hasVersion = len(asked.name) > 0, len(asked.version) > 0
}

func setText(text *contract.Text, value []byte) {
	text.Reset()
	text.AddAll(value)
}

// What a reply's outcome is besides the contract's.
const (
	undecided  = ""              // there is more to come
	notAModels = "not a model's" // and not to be counted
)

// begin takes the headers of a stream's reply and returns its outcome, if they
// decide it. Otherwise s.reply is ready for the body.
func (vm *VM) begin(s *stream, isEnd bool) (outcome string) {
	status, _ := vm.host.Header(host.ResponseHeaders, ":status") // without one it is no success
	isSuccess := len(status) > 0 && status[0] == '2'
	s.isThere = len(status) == 0 || status[0] != '4'
	switch {
	case (!isSuccess || isEnd) && vm.isGatewaysOwn():
		return notAModels
	case !isSuccess || isEnd && vm.hasFailed(s, host.ResponseHeaders):
		return contract.OutcomeErrorStatus
	case !s.isGRPC && vm.isEncoded():
		return contract.OutcomeEncoded
	}
	s.reply = vm.spare.reply(&vm.ledger, s, vm.framing(s))
	if isEnd {
		return s.reply.scanner.Close()
	}
	return undecided
}

// isGatewaysOwn tells a reply that the gateway made itself from a model's: a
// rate limit's 429, say, or the empty 200 of a CORS preflight (Envoy's response
// code details). It is asked of refusals and empty replies only: those with
// answers in them are to be counted, whoever gives them.
func (vm *VM) isGatewaysOwn() bool {
	details, status := vm.host.Property("response\x00code_details")
	return status == host.OK && string(details) != "via_upstream"
}

// hasFailed tells whether a gRPC call ended with an error, which is 200 in
// HTTP: its status stands in the trailers, or in the headers of a reply that is
// nothing but headers.
func (vm *VM) hasFailed(s *stream, in host.Map) bool {
	if !s.isGRPC {
		return false
	}
	code, status := vm.host.Header(in, "grpc-status")
	return status == host.OK && string(code) != "0"
}

func (vm *VM) isEncoded() bool {
	encoding, status := vm.host.Header(host.ResponseHeaders, "content-encoding")
	return status == host.OK && len(encoding) > 0 && !bytes.EqualFold(encoding, []byte("identity"))
}

// framing returns what the headers say of a body. A length that is none is left
// out: the body will show what it is.
func (vm *VM) framing(s *stream) answer.Reply {
	var framing answer.Reply
	if s.isGRPC {
		framing.Protocol = answer.GRPC
	}
	if !s.isV2 {
		return framing
	}
	text, status := vm.host.Header(host.ResponseHeaders, "inference-header-content-length")
	if status != host.OK {
		return framing
	}
	if length, err := strconv.Atoi(string(text)); err == nil && length > 0 {
		framing.JSONBytes = length
	}
	return framing
}

// window is how much of a body is read at once, so that a long piece costs no
// more memory than a short one.
const window = 64 << 10

// follow reads the next size bytes of a reply's body.
func (vm *VM) follow(s *stream, size int, isEnd bool) (outcome string) {
	for start := 0; start < size; {
		piece, status := vm.host.Body(start, min(window, size-start))
		if status != host.OK || len(piece) == 0 {
			vm.ledger.complain("a piece of a reply cannot be read, and the reply counts as unparsed: " + status.String())
			return contract.OutcomeUnparsed
		}
		s.reply.scanner.Write(piece)
		start += len(piece)
	}
	switch {
	case !isEnd:
		return undecided
	case s.isGRPC: // there is no success without trailers
		return contract.OutcomeTruncated
	}
	return s.reply.scanner.Close()
}

// close ends a reply by its trailers.
func (vm *VM) close(s *stream) (outcome string) {
	if vm.hasFailed(s, host.ResponseTrailers) {
		return contract.OutcomeErrorStatus
	}
	return s.reply.scanner.Close()
}
