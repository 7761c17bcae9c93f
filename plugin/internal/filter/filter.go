// Package filter follows the replies on predict routes as they pass, has package
// answer read them, and counts in the proxy what they hold. It never holds a
// reply back, and changes nothing but the header by which a request would ask
// for a compressed one.
package filter

import (
	"bytes"
	"slices"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/config"
	"github.com/moodring/moodring/plugin/internal/host"
)

// VM is the filter in one VM of the proxy: of one worker, as a rule. It runs
// any number of plugins, which are configurations; they count in one ledger,
// since the proxy's counters are one set as well.
type VM struct {
	host    host.Proxy
	plugins []*plugin
	latest  created // whose request headers come next
	streams streams // those on predict routes alone
	spare   spare
	ledger  ledger
}

var _ host.Filter = (*VM)(nil)

type created struct{ stream, root uint32 }

// New returns the filter for a VM of the host's.
func New(host host.Proxy) *VM {
	return &VM{host: host, ledger: newLedger(host), streams: newStreams()}
}

// ContextCreated implements host.Filter. A stream's first callback follows at
// once (Envoy, source/extensions/common/wasm/context.cc, decodeHeaders), so the
// latest is all there is to remember.
func (vm *VM) ContextCreated(id, root uint32) { vm.latest = created{id, root} }

// Configure implements host.Filter.
func (vm *VM) Configure(root uint32) (isStarted bool) {
	defer func() { vm.mend(root, recover()) }()
	data, status := vm.host.Configuration()
	if status != host.OK && status != host.NotFound {
		vm.host.Log(host.Critical, "moodring: not started: the proxy does not give pluginConfig: "+status.String())
		return false
	}
	checked, err := config.Parse(data)
	if err != nil {
		vm.host.Log(host.Critical, "moodring: not started: "+err.Error())
		return false
	}
	// Where one begins, others may have ended: a callback for that would be one at
	// each stream's end.
	vm.plugins = slices.DeleteFunc(vm.plugins, func(p *plugin) bool {
		return p.root == root || !vm.host.Exists(p.root, root)
	})
	vm.plugins = append(vm.plugins, newPlugin(root, checked))
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

// RequestHeaders implements host.Filter.
func (vm *VM) RequestHeaders(id uint32) {
	defer func() { vm.mend(id, recover()) }()
	plugin := vm.plugin(vm.latest.root)
	if plugin == nil || vm.latest.stream != id {
		return
	}
	path, status := vm.host.Header(host.RequestHeaders, ":path")
	if status != host.OK { // a request without a path asks no model
		return
	}
	var s *stream
	if known := plugin.shortcuts.find(path); known != nil {
		s = vm.spare.stream(id, plugin)
		s.follow(known)
	} else if s = vm.ask(id, plugin, path); s == nil {
		return
	}
	vm.streams.put(s)
	if plugin.dropsEncoding && !s.isGRPC {
		vm.dropAcceptEncoding()
	}
}

// ask returns the stream of a request that asks to predict, or nil. A path to a
// model that has room becomes a shortcut.
func (vm *VM) ask(id uint32, plugin *plugin, path []byte) *stream {
	asked, isPredict := plugin.route(path)
	if !isPredict || asked.isGRPC && !vm.isGRPC() {
		return nil
	}
	s := vm.spare.stream(id, plugin)
	s.ask(asked)
	if asked.isPlain {
		if known := vm.ledger.known(s); known != nil {
			plugin.shortcuts.add(path, asked, known)
		}
	}
	return s
}

func (vm *VM) isGRPC() bool {
	mediaType, status := vm.host.Header(host.RequestHeaders, "content-type")
	suffix, is := bytes.CutPrefix(mediaType, []byte("application/grpc"))
	return status == host.OK && is && (len(suffix) == 0 || suffix[0] == '+' || suffix[0] == ';')
}

// dropAcceptEncoding asks the model for a reply that can be read. It is the one
// change that the filter makes; where it cannot, the reply counts as encoded.
// It looks before it removes: Envoy chooses the route anew once a request header
// is removed, even one that is not there (context.cc, removeHeaderMapValue).
func (vm *VM) dropAcceptEncoding() {
	const name = "accept-encoding"
	if _, status := vm.host.Header(host.RequestHeaders, name); status == host.NotFound {
		return
	}
	if status := vm.host.RemoveHeader(host.RequestHeaders, name); status != host.OK {
		vm.ledger.complainOf("the proxy does not drop accept-encoding: ", status)
	}
}

// ResponseHeaders implements host.Filter.
func (vm *VM) ResponseHeaders(id uint32, isEnd bool) {
	if s := vm.streams.find(id); s != nil {
		defer func() { vm.mend(id, recover()) }()
		vm.settle(s, vm.begin(s, isEnd))
	}
}

// ResponseBody implements host.Filter.
func (vm *VM) ResponseBody(id uint32, size int, isEnd bool) {
	if s := vm.streams.find(id); s != nil && s.outcome == undecided {
		defer func() { vm.mend(id, recover()) }()
		vm.settle(s, vm.read(s, size, isEnd))
	}
}

// ResponseTrailers implements host.Filter.
func (vm *VM) ResponseTrailers(id uint32) {
	if s := vm.streams.find(id); s != nil && s.outcome == undecided {
		defer func() { vm.mend(id, recover()) }()
		vm.settle(s, vm.close(s))
	}
}

// Logged implements host.Filter. A stream that is still followed was reset
// before its reply had ended, or even begun; or its reply could not be read.
func (vm *VM) Logged(id uint32) {
	if s := vm.streams.find(id); s != nil {
		defer func() { vm.mend(id, recover()) }()
		vm.finish(s, vm.lastOutcome(s))
	}
}

// settle finishes a stream whose outcome is known. Whether a reply that could not
// be read was compressed is asked when it is logged: of those that can be read
// nobody needs to know.
func (vm *VM) settle(s *stream, outcome string) {
	switch outcome {
	case undecided:
	case contract.OutcomeUnparsed, contract.OutcomeTruncated:
		s.outcome = outcome
	default:
		vm.finish(s, outcome)
	}
}

// finish counts a reply and follows its stream no longer.
func (vm *VM) finish(s *stream, outcome string) {
	vm.streams.remove(s.id)
	switch {
	case outcome == notAModels:
	case s.sole != nil && outcome == contract.OutcomeCounted:
		vm.ledger.addSole(s)
	default:
		vm.ledger.add(s, outcome)
	}
	vm.spare.put(s)
}

// mend lets a request and its reply pass on the filter's own fault, if there was
// one, and counts it. What was tallied of the reply is lost.
func (vm *VM) mend(id uint32, fault any) {
	if fault != nil {
		vm.streams.remove(id)
		vm.ledger.fault("a fault of the filter's own; the reply passes uncounted: please report it")
	}
}
