// Package filter follows the replies on predict routes as they pass, has package
// answer read them, and counts in the proxy what they hold. It never holds a
// reply back, and changes nothing but the header by which a request would ask
// for a compressed one.
package filter

import (
	"bytes"
	"slices"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/config"
)

// VM is the filter in one VM of the proxy: of one worker, as a rule. It runs
// any number of plugins, which are configurations; they count in one ledger,
// since the proxy's counters are one set as well.
type VM struct {
	host    abi.Proxy
	plugins []*plugin
	isDone  bool    // the call of a stream that is under way, or was last
	latest  created // whose request headers come next
	streams streams // those on predict routes alone
	spare   spare
	ledger  ledger
}

var _ abi.Filter = (*VM)(nil)

type created struct{ stream, root uint32 }

// New returns the filter for a VM of the host's.
func New(host abi.Proxy) *VM {
	return &VM{host: host, ledger: newLedger(host), streams: newStreams()}
}

// ContextCreated implements abi.Filter. A stream's first callback follows at
// once (Envoy, source/extensions/common/wasm/context.cc, decodeHeaders), so the
// latest is all there is to remember.
func (vm *VM) ContextCreated(id, root uint32) { vm.latest = created{id, root} }

// Configure implements abi.Filter.
func (vm *VM) Configure(root uint32) (isStarted bool) {
	defer func() { vm.mend(root, recover()) }()
	data, status := vm.host.Configuration()
	if status != abi.OK && status != abi.NotFound {
		vm.host.Log(abi.Critical, "moodring: not started: the proxy does not give pluginConfig: "+status.String())
		return false
	}
	checked, err := config.Parse(data)
	if err != nil {
		vm.host.Log(abi.Critical, "moodring: not started: "+err.Error())
		return false
	}
	// Where one begins, others may have ended: a callback for that would be one at
	// each stream's end.
	vm.plugins = slices.DeleteFunc(vm.plugins, func(p *plugin) bool {
		return p.root == root || !vm.host.Exists(p.root, root)
	})
	vm.plugins = append(vm.plugins, newPlugin(root, checked))
	vm.ledger.flush()
	return true
}

// plugin returns that of a root context, or nil. There are few.
func (vm *VM) plugin(root uint32) *plugin {
	for _, p := range vm.plugins {
		if p.root == root {
			return p
		}
	}
	return nil
}

// RequestHeaders implements abi.Filter.
func (vm *VM) RequestHeaders(id uint32) {
	vm.isDone = false
	defer func() {
		if !vm.isDone {
			vm.mend(id, recover())
		}
	}()
	if s := vm.asked(id); s != nil && s.plugin.dropsEncoding && !s.isGRPC {
		vm.dropAcceptEncoding()
	}
	vm.isDone = true
}

// asked follows a request that asks to predict, and returns its stream, or nil.
func (vm *VM) asked(id uint32) *stream {
	plugin := vm.plugin(vm.latest.root)
	if plugin == nil || vm.latest.stream != id {
		return nil
	}
	path, status := vm.host.Header(abi.RequestHeaders, ":path")
	if status != abi.OK { // a request without a path asks no model
		return nil
	}
	if known := plugin.shortcuts.find(path); known != nil {
		s := vm.streams.add(id)
		s.reset(plugin)
		s.follow(known)
		return s
	}
	return vm.ask(id, plugin, path)
}

// ask is asked for a path that is no shortcut. One to a model that has room
// becomes one.
func (vm *VM) ask(id uint32, plugin *plugin, path []byte) *stream {
	asked, isPredict := plugin.route(path)
	if !isPredict || asked.isGRPC && !vm.isGRPC() {
		return nil
	}
	s := vm.streams.add(id)
	s.reset(plugin)
	s.ask(asked)
	if asked.isPlain {
		if known := vm.ledger.known(s); known != nil {
			plugin.shortcuts.add(path, asked, known)
		}
	}
	return s
}

func (vm *VM) isGRPC() bool {
	mediaType, status := vm.host.Header(abi.RequestHeaders, "content-type")
	suffix, is := bytes.CutPrefix(mediaType, []byte("application/grpc"))
	return status == abi.OK && is && (len(suffix) == 0 || suffix[0] == '+' || suffix[0] == ';')
}

// dropAcceptEncoding asks the model for a reply that can be read. It is the one
// change that the filter makes; where it cannot, the reply counts as encoded.
// It looks before it removes: Envoy chooses the route anew once a request header
// is removed, even one that is not there (context.cc, removeHeaderMapValue).
func (vm *VM) dropAcceptEncoding() {
	const name = "accept-encoding"
	if _, status := vm.host.Header(abi.RequestHeaders, name); status == abi.NotFound {
		return
	}
	if status := vm.host.RemoveHeader(abi.RequestHeaders, name); status != abi.OK {
		vm.ledger.complainOf("the proxy does not drop accept-encoding: ", status)
	}
}

// ResponseBody implements abi.Filter.
func (vm *VM) ResponseBody(id uint32, size int, isEnd bool) {
	if s := vm.streams.find(id); s != nil {
		if size > 0 {
			vm.read(s, size)
		}
		if isEnd {
			s.ending = byBody
		}
	}
}

// ResponseTrailers implements abi.Filter.
func (vm *VM) ResponseTrailers(id uint32) {
	if s := vm.streams.find(id); s != nil {
		s.ending = byTrailers
	}
}

// Logged implements abi.Filter.
func (vm *VM) Logged(id uint32) {
	if s := vm.streams.find(id); s != nil {
		vm.finish(s)
	}
}

// finish counts the reply of a stream that has ended, however it did.
func (vm *VM) finish(s *stream) {
	vm.isDone = false
	defer func() {
		if !vm.isDone {
			vm.mend(s.id, recover())
		}
	}()
	outcome := vm.outcome(s)
	switch {
	case outcome == notAModels:
	case s.sole != nil && outcome == contract.OutcomeCounted:
		vm.ledger.addSole(s)
	default:
		vm.ledger.add(s, outcome)
	}
	vm.drop(s)
	vm.isDone = true
}

// drop follows a stream no longer.
func (vm *VM) drop(s *stream) {
	if s.reply != nil {
		vm.spare.put(s.reply)
		s.reply = nil
	}
	vm.streams.remove(s)
	vm.tell(s.plugin)
}

// mend is for calls that were not done by the filter's own fault, which it counts.
// The request and its reply pass; what was gathered of the reply is lost.
//
// Where each request passes, what defers it asks isDone first, and is written out,
// since every call that is saved shows.
func (vm *VM) mend(id uint32, fault any) {
	if fault == nil {
		return
	}
	vm.ledger.fault("a fault of the filter's own; the reply passes uncounted: please report it")
	if s := vm.streams.find(id); s != nil {
		s.reply = nil // in whatever state it is
		vm.drop(s)
	}
}

// tell has the proxy told of what was counted: at once when no other stream is
// followed, for the proxy may drop the VM then, and otherwise at the next tick.
// A busy proxy is thus told of many replies together.
func (vm *VM) tell(of *plugin) {
	if vm.streams.count == 0 || !vm.willTick(of) {
		vm.ledger.flush()
	}
}

func (vm *VM) willTick(of *plugin) bool {
	if !of.isTicking {
		of.isTicking = vm.host.SetTick(tick) == abi.OK
	}
	return of.isTicking
}

// tick is how many milliseconds what was counted may wait to be told.
const tick = 100

// Tick implements abi.Filter.
func (vm *VM) Tick(root uint32) {
	defer func() { vm.mend(root, recover()) }()
	vm.ledger.flush()
	if plugin := vm.plugin(root); plugin != nil {
		plugin.isTicking = false
	}
	vm.host.SetTick(0) // if it ticks on, that does no harm
}
