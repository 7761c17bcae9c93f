package filter

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/answer"
	"github.com/moodring/moodring/plugin/internal/json"
)

// stream is a request on a predict route, and its reply. What each request needs
// stands first, and close together.
type stream struct {
	id           uint32
	isGRPC, isV2 bool

	namesName, hasVersion bool // the path does

	// isThere says that the reply is a model's, rather than a refusal that
	// anybody gets who makes up a name.
	isThere bool
	hasBody bool   // at least a byte of one
	isLost  bool   // a piece of the body could not be read
	ending  ending // of the reply

	hasTrail bool    // something follows sole that is no white space
	sole     *label  // of a reply that is one answer and needs no gathering
	score    float64 // its

	plugin   *plugin
	model    *model    // that shortcut leads to, while the reply names no other
	shortcut *shortcut // that the path is, whose names are not in name and version yet
	reply    *reply    // what is gathered, from the first piece of a body to its end

	// What the path does not name, the reply may.
	name, version contract.Text
}

func (s *stream) reset(plugin *plugin) {
	s.plugin = plugin
	s.shortcut, s.model, s.sole = nil, nil, nil
	s.isThere, s.hasBody, s.isLost, s.ending, s.hasTrail = false, false, false, open, false
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

// ending is how a reply that has more than headers ended.
type ending uint8

const (
	open ending = iota // not, or by its headers
	byBody
	byTrailers
)

// reply returns what the stream's reply is gathered in.
func (vm *VM) reply(s *stream) *reply {
	if s.reply == nil {
		s.reply = vm.spare.take(&vm.ledger, s)
	}
	return s.reply
}

// protocol is how a stream's reply is framed.
func (s *stream) protocol() answer.Protocol {
	switch {
	case s.isGRPC:
		return answer.GRPC
	case s.isV2:
		return answer.V2
	}
	return answer.REST
}

// The readers of package json look up to json.Margin bytes past a chunk, and the
// proxy leaves abi.Margin bytes there. This line compiles only if they are enough.
const _ = uint(abi.Margin - json.Margin)

// window is how much of a body is read at once, so that a long piece costs no
// more memory than a short one.
const window = 64 << 10

// read takes the next size bytes of a reply's body.
func (vm *VM) read(s *stream, size int) {
	vm.isDone = false
	defer func() {
		if !vm.isDone {
			vm.mend(s.id, recover())
		}
	}()
	s.hasBody = true
	for start := 0; start < size && !s.isLost; { // once one is, the rest makes no sense
		piece, status := vm.host.Body(start, min(window, size-start))
		if status != abi.OK || len(piece) == 0 {
			vm.ledger.complainOf("a piece of a reply cannot be read, and the reply counts as unparsed: ", status)
			s.isLost = true
			break
		}
		vm.take(s, piece)
		start += len(piece)
	}
	vm.isDone = true
}

// take takes a piece of a reply's body. The first may be all of it, and then
// needs no gathering if it is what models are mostly asked for: one answer, with
// a label that has room.
func (vm *VM) take(s *stream, piece []byte) {
	switch {
	case s.reply != nil:
		s.reply.scanner.Write(piece)
	case s.sole != nil:
		s.hasTrail = s.hasTrail || !json.IsSpace(piece)
	case !s.isSole(piece):
		vm.reply(s).scanner.Write(piece)
	}
}

// isSole tells whether a piece is a whole reply of one answer, which it notes.
func (s *stream) isSole(piece []byte) bool {
	if s.model == nil || s.isV2 || !s.plugin.countsTopsOnly {
		return false
	}
	label, score, ok := answer.ReadSingle(piece)
	if !ok || !contract.IsWhole(label) {
		return false
	}
	s.sole, s.score = s.model.label(label), score
	return s.sole != nil
}
