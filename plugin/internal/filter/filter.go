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
	host    host.Host
	ledger  ledger
	plugins []*plugin

	latest  created // whose request headers come next
	streams streams // those on predict routes alone
	spare   spare
}

var _ host.Filter = (*VM)(nil)

type created struct{ stream, root uint32 }

// New returns the filter for a VM of the host's.
func New(host host.Host) *VM {
	return &VM{host: host, ledger: newLedger(host), streams: newStreams()}
}

// ContextCreated implements host.Filter. A stream's first callback follows at
// once (Envoy, source/extensions/common/wasm/context.cc, decodeHeaders), so the
// latest is all there is to remember.
func (vm *VM) ContextCreated(id, root uint32) { vm.latest = created{id, root} }

// Configure implements host.Filter.
func (vm *VM) Configure(root uint32) (isStarted bool) {
	defer vm.recoverFrom(root)
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
	vm.stop(root)
	vm.plugins = append(vm.plugins, newPlugin(root, checked))
	return true
}

func (vm *VM) stop(root uint32) {
	vm.plugins = slices.DeleteFunc(vm.plugins, func(p *plugin) bool { return p.root == root })
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
	defer vm.recoverFrom(id)
	plugin := vm.plugin(vm.latest.root)
	if plugin == nil || vm.latest.stream != id {
		return
	}
	path, status := vm.host.Header(host.RequestHeaders, ":path")
	if status != host.OK { // a request without a path asks no model
		return
	}
	asked, isPredict := plugin.route(path)
	if !isPredict || asked.isGRPC && !vm.isGRPC() {
		return
	}
	vm.streams.put(vm.spare.stream(id, plugin, asked))
	if !asked.isGRPC && plugin.config.AcceptEncoding == config.DropEncoding {
		vm.dropAcceptEncoding()
	}
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
		vm.ledger.complain("the proxy does not drop accept-encoding: " + status.String())
	}
}

// ResponseHeaders implements host.Filter.
func (vm *VM) ResponseHeaders(id uint32, isEnd bool) {
	if s := vm.streams.find(id); s != nil {
		defer vm.recoverFrom(id)
		vm.settle(s, vm.begin(s, isEnd))
	}
}

// ResponseBody implements host.Filter.
func (vm *VM) ResponseBody(id uint32, size int, isEnd bool) {
	if s := vm.streams.find(id); s != nil {
		defer vm.recoverFrom(id)
		vm.settle(s, vm.follow(s, size, isEnd))
	}
}

// ResponseTrailers implements host.Filter.
func (vm *VM) ResponseTrailers(id uint32) {
	if s := vm.streams.find(id); s != nil {
		defer vm.recoverFrom(id)
		vm.settle(s, vm.close(s))
	}
}

// Deleted implements host.Filter. A stream that is still followed was reset
// before its reply had ended, or even begun.
func (vm *VM) Deleted(id uint32) {
	if s := vm.streams.find(id); s != nil {
		defer vm.recoverFrom(id)
		outcome := contract.OutcomeTruncated
		if s.reply == nil {
			outcome = notAModels
		}
		vm.settle(s, outcome)
	} else if vm.plugin(id) != nil {
		vm.stop(id)
	}
}

// settle counts a reply whose outcome is known, and follows it no longer.
func (vm *VM) settle(s *stream, outcome string) {
	if outcome == undecided {
		return
	}
	vm.streams.remove(s.id)
	if outcome != notAModels {
		vm.ledger.add(s, outcome)
	}
	vm.spare.put(s)
}

// recoverFrom lets a request and its reply pass on the filter's own fault, which
// it counts. What was tallied of the reply is lost.
func (vm *VM) recoverFrom(id uint32) {
	if recover() == nil {
		return
	}
	vm.streams.remove(id)
	vm.ledger.fault("a fault of the filter's own; the reply passes uncounted: please report it")
}
