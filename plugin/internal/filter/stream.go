package filter

import (
	"bytes"
	"strconv"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/answer"
	"github.com/moodring/moodring/plugin/internal/host"
)

// stream is a request on a predict route, and its reply. What each request needs
// stands first, and close together.
type stream struct {
	id           uint32
	isGRPC, isV2 bool

	// isThere says that the reply is a model's, rather than a refusal that
	// anybody gets who makes up a name.
	isThere  bool
	hasBegun bool // a reply that is to be read

	namesName, hasVersion bool // the path does

	hasTrail bool    // something follows sole that is no white space
	sole     *label  // of a reply that is one answer and needs no gathering
	score    float64 // its

	plugin   *plugin
	model    *model    // that shortcut leads to, while the reply names no other
	shortcut *shortcut // that the path is, whose names are not in name and version yet
	reply    *reply    // what is gathered, from the first piece of a body to its end

	outcome   string // of a reply that could not be read
	jsonBytes int    // answer.Reply's

	// What the path does not name, the reply may.
	name, version contract.Text
}

func (s *stream) reset(id uint32, plugin *plugin) {
	s.id, s.plugin = id, plugin
	s.shortcut, s.model, s.sole = nil, nil, nil
	s.isThere, s.hasBegun, s.hasTrail, s.jsonBytes, s.outcome = false, false, false, 0, undecided
}

// ask notes what the path asks.
func (s *stream) ask(asked route) {
	s.isGRPC, s.isV2 = asked.isGRPC, asked.isV2
	setText(&s.name, asked.name)
	setText(&s.version, asked.version)
	s.namesName, s.hasVersion = len(asked.name) > 0, len(asked.version) > 0
}

// follow notes that the path is a shortcut.
func (s *stream) follow(known *shortcut) {
	s.isGRPC, s.isV2, s.namesName, s.hasVersion = false, known.asked.isV2, true, len(known.asked.version) > 0
	s.shortcut, s.model = known, known.model
}

// takeNames puts a shortcut's names where the reply finds those it may not change.
func (s *stream) takeNames() {
	if s.shortcut != nil {
		setText(&s.name, s.shortcut.asked.name)
		setText(&s.version, s.shortcut.asked.version)
		s.shortcut = nil
	}
}

// setName and setVersion take what the reply says; the path's model is then not
// the one.
func (s *stream) setName(name *contract.Text)       { s.name, s.model = *name, nil }
func (s *stream) setVersion(version *contract.Text) { s.version, s.model = *version, nil }

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
// decide it.
func (vm *VM) begin(s *stream, isEnd bool) (outcome string) {
	status, _ := vm.host.Header(host.ResponseHeaders, ":status") // without one it is no success
	isSuccess := len(status) > 0 && status[0] == '2'
	s.isThere = len(status) == 0 || status[0] != '4'
	switch {
	case (!isSuccess || isEnd) && vm.isGatewaysOwn():
		return notAModels
	case !isSuccess || isEnd && vm.hasFailed(s, host.ResponseHeaders):
		return contract.OutcomeErrorStatus
	}
	s.hasBegun = true
	if s.isV2 {
		s.jsonBytes = vm.jsonBytes()
	}
	if isEnd {
		return vm.end(s)
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

// jsonBytes returns how long the headers say that the JSON of a V2 reply is. A
// length that is none is left out: the body will show what it is.
func (vm *VM) jsonBytes() int {
	text, status := vm.host.Header(host.ResponseHeaders, "inference-header-content-length")
	if status != host.OK {
		return 0
	}
	length, err := strconv.Atoi(string(text))
	if err != nil {
		return 0
	}
	return max(0, length)
}

// reply returns what the stream's reply is gathered in.
func (vm *VM) reply(s *stream) *reply {
	if s.reply == nil {
		framing := answer.Reply{JSONBytes: s.jsonBytes}
		if s.isGRPC {
			framing.Protocol = answer.GRPC
		}
		s.reply = vm.spare.reply(&vm.ledger, s, framing)
	}
	return s.reply
}

// window is how much of a body is read at once, so that a long piece costs no
// more memory than a short one.
const window = 64 << 10

// read takes the next size bytes of a reply's body.
func (vm *VM) read(s *stream, size int, isEnd bool) (outcome string) {
	for start := 0; start < size; {
		piece, status := vm.host.Body(start, min(window, size-start))
		if status != host.OK || len(piece) == 0 {
			vm.ledger.complainOf("a piece of a reply cannot be read, and the reply counts as unparsed: ", status)
			return contract.OutcomeUnparsed
		}
		vm.take(s, piece)
		start += len(piece)
	}
	switch {
	case !isEnd:
		return undecided
	case s.isGRPC: // there is no success without trailers
		return contract.OutcomeTruncated
	}
	return vm.end(s)
}

// take takes a piece of a reply's body. The first may be all of it, and then
// needs no gathering if it is what models are mostly asked for: one answer, with
// a label that has room.
func (vm *VM) take(s *stream, piece []byte) {
	switch {
	case s.reply != nil:
		s.reply.scanner.Write(piece)
	case s.sole != nil:
		s.hasTrail = s.hasTrail || len(bytes.TrimLeft(piece, jsonSpace)) > 0
	case !s.isSole(piece):
		vm.reply(s).scanner.Write(piece)
	}
}

// jsonSpace is RFC 8259's white space.
const jsonSpace = " \t\n\r"

// isSole tells whether a piece is a whole reply of one answer, which it notes.
func (s *stream) isSole(piece []byte) bool {
	if s.model == nil || s.isV2 || !s.plugin.countsTopsOnly {
		return false
	}
	label, score, ok := answer.Sole(piece)
	if !ok || !contract.IsWhole(label) {
		return false
	}
	s.sole, s.score = s.model.label(label), score
	return s.sole != nil
}

// end returns the outcome of a reply whose body has ended.
func (vm *VM) end(s *stream) (outcome string) {
	switch {
	case s.hasTrail:
		return contract.OutcomeUnparsed
	case s.sole != nil:
		return contract.OutcomeCounted
	}
	return vm.reply(s).scanner.Close()
}

// close ends a reply by its trailers.
func (vm *VM) close(s *stream) (outcome string) {
	if vm.hasFailed(s, host.ResponseTrailers) {
		return contract.OutcomeErrorStatus
	}
	return vm.end(s)
}

// lastOutcome returns the outcome of a stream that has ended without one, or
// with one that its being compressed would explain.
func (vm *VM) lastOutcome(s *stream) string {
	switch {
	case !s.hasBegun:
		return notAModels
	case !s.isGRPC && vm.isEncoded():
		return contract.OutcomeEncoded
	case s.outcome == undecided:
		return contract.OutcomeTruncated
	}
	return s.outcome
}
