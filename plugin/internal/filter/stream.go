package filter

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/answer"
	"github.com/moodring/moodring/plugin/internal/counters"
	"github.com/moodring/moodring/plugin/internal/json"
)

// stream is a request on a predict route, and its reply. The fields that every
// request needs stand first, close together in memory.
type stream struct {
	id           uint32
	isGRPC, isV2 bool

	namesModel, namesVersion bool // whether the request does

	hasBody bool // whether the body has at least one byte
	isLost  bool // whether a chunk of the body could not be read

	isRefused bool // whether the status is neither a success nor the server's own error

	ending ending // of the reply

	// A reply with a single prediction needs no reply object: single is its label.
	hasTrailing bool // whether more than white space follows the prediction
	single      *counters.Label
	score       float64 // of single

	plugin *plugin
	owner  *owner      // or nil if it is not known yet
	path   *cachedPath // whose names have not been copied to model yet, or nil
	reply  *reply      // from the first chunk of the body to the end, or nil

	// The reply may give the name and the version, if the path does not.
	model counters.ModelID

	isService bool // whether the model has the name of its service
	isLeftOut bool // whether the owner shows that the reply is not counted here

	isPlain   bool   // whether the path may be cached
	plainPath []byte // in this case
}

func (s *stream) reset(plugin *plugin) {
	s.plugin, s.owner = plugin, plugin.owners.fixed
	s.path, s.model.Known, s.single = nil, nil, nil
	s.isLeftOut, s.model.MayAdmit, s.hasBody, s.isLost, s.ending, s.hasTrailing = false, false, false, false, notEnded, false
}

// setRoute sets the route that has been parsed from the path.
func (s *stream) setRoute(to route) {
	s.isGRPC, s.isV2, s.isService = to.isGRPC, to.isV2, to.isService
	setText(&s.model.Name, to.name)
	setText(&s.model.Version, to.version)
	s.namesModel, s.namesVersion = to.namesModel(), len(to.version) > 0
}

// setPath sets the route of a cached path.
func (s *stream) setPath(path *cachedPath) {
	s.isGRPC, s.isV2, s.isService = false, path.route.isV2, path.route.isService
	s.namesModel, s.namesVersion = path.route.namesModel(), len(path.route.version) > 0
	s.path = path
}

// copyNames copies the names of a cached path. Only a reply object needs them.
func (s *stream) copyNames() {
	if s.path != nil {
		setText(&s.model.Name, s.path.route.name)
		setText(&s.model.Version, s.path.route.version)
		s.path = nil
		s.addOwnerNames()
	}
}

// addOwnerNames sets the names that the path leaves to the owner.
func (s *stream) addOwnerNames() {
	if s.owner == nil {
		return
	}
	if s.isService {
		setText(&s.model.Name, s.owner.name)
	}
	if !s.namesVersion {
		setText(&s.model.Version, s.owner.revision)
	}
}

// setModel sets the model's name from the reply. The model must be looked up
// again.
func (s *stream) setModel(name *contract.Text) { s.model.Name, s.model.Known = *name, nil }

// setVersion sets the model's version from the reply.
func (s *stream) setVersion(version *contract.Text) { s.model.Version, s.model.Known = *version, nil }

//go:noinline // the compiler would add 4 kB of copies
func setText(text *contract.Text, value []byte) {
	text.Reset()
	text.AddAll(value)
}

// ending says which part of a reply was the last.
type ending uint8

const (
	notEnded ending = iota // or ended by its headers
	endedByBody
	endedByTrailers
)

// reply returns the stream's reply object.
func (vm *VM) reply(s *stream) *reply {
	if s.reply == nil {
		s.reply = vm.pool.get(vm.counters, s)
	}
	return s.reply
}

// counts returns the counts of the stream's reply object, or nil.
func (s *stream) counts() *counters.ReplyCounts {
	if s.reply == nil {
		return nil
	}
	return &s.reply.counts
}

// isCounted reports whether the configuration lets the model's replies count.
func (s *stream) isCounted() bool {
	s.copyNames()
	return s.plugin.counts(&s.model.Name)
}

// isListed reports whether the configuration lists the model.
func (s *stream) isListed() bool {
	s.copyNames()
	return s.plugin.listedOptions(&s.model.Name) != nil
}

// protocol returns the framing of a stream's reply.
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

// maxChunk limits the bytes that are read at once, so that a long chunk takes no
// more memory than a short one.
const maxChunk = 64 << 10

// read reads the next size bytes of a response body.
func (vm *VM) read(s *stream, size int) {
	vm.isDone = false
	defer func() {
		if !vm.isDone {
			vm.recoverFault(s.id, recover())
		}
	}()
	s.hasBody = true
	vm.identify(s)
	for start := 0; start < size && !s.isLost && !s.isLeftOut; { // after a lost chunk the rest cannot be parsed
		chunk, status := vm.proxy.Body(start, min(maxChunk, size-start))
		if status != abi.OK || len(chunk) == 0 {
			vm.counters.LogStatus("a chunk of a reply cannot be read, and the reply counts as unparsed: ", status)
			s.isLost = true
			break
		}
		vm.parse(s, chunk)
		start += len(chunk)
	}
	vm.isDone = true
}

// parse parses the next chunk of a response body. Most replies are a single chunk
// with a single prediction of a known label; they need no reply object.
func (vm *VM) parse(s *stream, chunk []byte) {
	switch {
	case s.reply != nil:
		s.reply.scanner.Write(chunk)
	case s.single != nil:
		s.hasTrailing = s.hasTrailing || !json.IsSpace(chunk)
	case !s.readSingle(chunk):
		vm.reply(s).scanner.Write(chunk)
	}
}

// readSingle reads a chunk that is a whole reply with a single prediction. If the
// chunk is anything else, readSingle returns false.
func (s *stream) readSingle(chunk []byte) (ok bool) {
	if s.model.Known == nil || s.isV2 || !s.plugin.countsTopOnly {
		return false
	}
	label, score, ok := answer.ReadSingle(chunk)
	if !ok || !contract.IsWhole(label) {
		return false
	}
	s.single, s.score = s.model.Known.Label(label), score
	return s.single != nil
}
