// Package filter follows the replies on predict routes. Package answer reads
// them, and package counters counts their predictions. The filter never delays a
// reply. It changes one header only: a request's accept-encoding is removed, so
// that the model does not compress the reply.
package filter

import (
	"slices"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/answer"
	"github.com/moodring/moodring/plugin/internal/ascii"
	"github.com/moodring/moodring/plugin/internal/config"
	"github.com/moodring/moodring/plugin/internal/counters"
)

// VM is the filter in one VM of the proxy, usually of one worker. It runs any
// number of plugins (configurations), which share the counters.
type VM struct {
	proxy    abi.Proxy
	plugins  []*plugin
	isDone   bool      // whether the latest callback of a stream has returned without a fault
	latest   newStream // the callback with its request headers comes next
	streams  streams
	pool     replyPool
	counters *counters.Counters
	names    []byte // the latest owner's, in the gateway's configuration
	flushes  int
}

var _ abi.Filter = (*VM)(nil)

type newStream struct{ id, root uint32 }

// New returns the filter for a VM of the proxy.
func New(proxy abi.Proxy) *VM {
	return &VM{proxy: proxy, counters: counters.New(proxy), streams: newStreams()}
}

// ContextCreated implements abi.Filter. It keeps the latest context only: the
// first callback of a stream follows at once (Envoy,
// source/extensions/common/wasm/context.cc, decodeHeaders).
func (vm *VM) ContextCreated(id, root uint32) { vm.latest = newStream{id, root} }

// Configure implements abi.Filter.
func (vm *VM) Configure(root uint32) (isStarted bool) {
	defer func() { vm.recoverFault(root, recover()) }()
	data, status := vm.proxy.Configuration()
	if status != abi.OK && status != abi.NotFound {
		vm.proxy.Log(abi.Critical, "moodring: not started: the proxy does not give pluginConfig: "+status.String())
		return false
	}
	checked, err := config.Parse(data)
	if err != nil {
		vm.proxy.Log(abi.Critical, "moodring: not started: "+err.Error())
		return false
	}
	// Remove plugins that have ended. A callback for their end would also be called
	// at the end of each stream.
	vm.plugins = slices.DeleteFunc(vm.plugins, func(p *plugin) bool {
		return p.root == root || !vm.proxy.Exists(p.root, root)
	})
	started := newPlugin(root, checked)
	if !checked.Identity {
		started.owners.fixed = &owner{service: vm.counters.Service("", "", 0)}
	}
	vm.plugins = append(vm.plugins, started)
	vm.counters.Flush()
	return true
}

// plugin returns the plugin of a root context, or nil. There are few plugins.
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
			vm.recoverFault(id, recover())
		}
	}()
	if s := vm.openStream(id); s != nil && s.plugin.dropsEncoding && !s.isGRPC {
		vm.dropAcceptEncoding()
	}
	vm.isDone = true
}

// openStream returns a new stream for a request on a predict route, or nil for any
// other request.
func (vm *VM) openStream(id uint32) *stream {
	plugin := vm.plugin(vm.latest.root)
	if plugin == nil || vm.latest.id != id {
		return nil
	}
	path, status := vm.proxy.Header(abi.RequestHeaders, ":path")
	if status != abi.OK { // as in a CONNECT request
		return nil
	}
	if cached := plugin.cache.find(path); cached != nil {
		s := vm.streams.add(id)
		s.reset(plugin)
		s.setPath(cached)
		vm.setFixedOwner(s)
		return s
	}
	return vm.openUncached(id, plugin, path)
}

// openUncached is openStream for a path that is not cached.
func (vm *VM) openUncached(id uint32, plugin *plugin, path []byte) *stream {
	path, isPlain := decode(path)
	to, isPredict := plugin.route(path)
	if !isPredict && len(to.name) == 0 && looksLikePrediction(path) {
		vm.addUnfollowed(plugin)
	}
	if !isPredict || to.isGRPC && !vm.isGRPC() {
		return nil
	}
	s := vm.streams.add(id)
	s.reset(plugin)
	s.setRoute(to)
	if s.isPlain = isPlain && !to.isGRPC; s.isPlain {
		s.plainPath = append(s.plainPath[:0], path...)
	}
	vm.setFixedOwner(s)
	return s
}

// addUnfollowed counts a request that looks like a prediction, and that no rule
// follows. The path is in the proxy's buffer, so the method must be read last.
func (vm *VM) addUnfollowed(of *plugin) {
	method, status := vm.proxy.Header(abi.RequestHeaders, ":method")
	if status != abi.OK || string(method) != "POST" {
		return
	}
	vm.counters.AddUnfollowed()
	vm.scheduleFlush(of)
}

func (vm *VM) isGRPC() bool {
	mediaType, status := vm.proxy.Header(abi.RequestHeaders, "content-type")
	suffix, is := ascii.CutPrefix(mediaType, "application/grpc")
	return status == abi.OK && is && (len(suffix) == 0 || suffix[0] == '+' || suffix[0] == ';')
}

// dropAcceptEncoding makes the model send a reply that is not compressed. If the
// header cannot be removed, the reply may count as encoded. The header is read
// before it is removed, because Envoy chooses the route again on each removal,
// even of a missing header (context.cc, removeHeaderMapValue).
func (vm *VM) dropAcceptEncoding() {
	const name = "accept-encoding"
	if _, status := vm.proxy.Header(abi.RequestHeaders, name); status == abi.NotFound {
		return
	}
	if status := vm.proxy.RemoveHeader(abi.RequestHeaders, name); status != abi.OK {
		vm.counters.LogStatus("the proxy does not drop accept-encoding: ", status)
	}
}

// ResponseBody implements abi.Filter.
func (vm *VM) ResponseBody(id uint32, size int, isEnd bool) {
	if s := vm.streams.find(id); s != nil && !s.isLeftOut {
		if size > 0 {
			vm.read(s, size)
		}
		if isEnd {
			s.ending = endedByBody
		}
	}
}

// ResponseTrailers implements abi.Filter.
func (vm *VM) ResponseTrailers(id uint32) {
	if s := vm.streams.find(id); s != nil {
		s.ending = endedByTrailers
	}
}

// Logged implements abi.Filter.
func (vm *VM) Logged(id uint32) {
	if s := vm.streams.find(id); s != nil {
		vm.finish(s)
	}
}

// finish counts the reply of a stream that has ended.
func (vm *VM) finish(s *stream) {
	vm.isDone = false
	defer func() {
		if !vm.isDone {
			vm.recoverFault(s.id, recover())
		}
	}()
	outcome := vm.outcome(s)
	if outcome != notCounted {
		vm.identify(s)
	}
	switch {
	case outcome == notCounted || s.isLeftOut || outcome != contract.OutcomeCounted && !vm.isPost():
	case s.single != nil && outcome == contract.OutcomeCounted:
		vm.counters.AddOne(s.single, s.score, &s.plugin.counting)
	case s.namesModel || s.isCounted():
		vm.addReply(s, outcome)
	}
	vm.closeStream(s)
	vm.isDone = true
}

// addReply counts a reply of a model.
func (vm *VM) addReply(s *stream, outcome string) {
	findings := answer.Evidence(0)
	if s.reply != nil {
		findings = s.reply.scanner.Evidence()
		if outcome == contract.OutcomeCounted && s.reply.counts.IsBinary() {
			outcome = contract.OutcomeUnparsed
		}
	}
	s.model.MayAdmit = vm.isSound(s, outcome)
	if findings != 0 || outcome == contract.OutcomeUnparsed {
		supports := func(all byte) bool { return answer.Evidence(all).Supports(findings) }
		outcome = vm.counters.Judge(&s.model, outcome, byte(findings), supports, &s.plugin.counting)
	}
	vm.counters.Add(&s.model, outcome, s.counts(), &s.plugin.counting)
}

// isSound reports whether a reply shows that its model exists. Names in paths are
// the callers', and servers, proxies and CORS filters answer to any name. So only
// an answer in a model's form counts, or an error of the server itself. A name in
// the configuration needs no proof, except against 4xx.
func (vm *VM) isSound(s *stream, outcome string) bool {
	switch {
	case s.isRefused:
		return false
	case outcome == contract.OutcomeUnparsed:
		return s.isListed() || s.reply != nil && s.reply.scanner.HasAnswer()
	case outcome == contract.OutcomeTruncated, outcome == contract.OutcomeEncoded:
		return s.isListed()
	}
	return true
}

// isPost reports whether the request can be a prediction. Other methods, such as a
// browser's preflight, reach the model server too. The method is read only for
// replies without predictions, because reading it costs a host call.
func (vm *VM) isPost() bool {
	method, status := vm.proxy.Header(abi.RequestHeaders, ":method")
	return status != abi.OK || string(method) == "POST"
}

// closeStream removes a stream.
func (vm *VM) closeStream(s *stream) {
	if s.reply != nil {
		vm.pool.put(s.reply)
		s.reply = nil
	}
	vm.streams.remove(s)
	vm.scheduleFlush(s.plugin)
}

// recoverFault handles a panic in the filter: it counts the fault and removes the
// stream. The request and its reply pass, uncounted. id is a stream or a root
// context.
//
// Callbacks for every request call recoverFault only if isDone is false, which
// saves two calls. The deferred function is written out in each of them, because a
// method for it costs a reply about 150 more Wasm instructions. Such a callback must
// end with vm.isDone = true.
func (vm *VM) recoverFault(id uint32, fault any) {
	if fault == nil {
		return
	}
	vm.counters.AddFault("a fault of the filter's own; the reply passes uncounted: please report it")
	if s := vm.streams.find(id); s != nil {
		s.reply = nil // its state is unknown
		vm.closeStream(s)
	}
}

// scheduleFlush flushes the counters at the next tick, so that a busy proxy gets
// the counts of many replies at once. If no other stream is open, it flushes at
// once, because the proxy may remove the VM then.
func (vm *VM) scheduleFlush(of *plugin) {
	if vm.streams.count == 0 || !vm.startTick(of) {
		vm.flush()
	}
}

func (vm *VM) flush() {
	vm.counters.Flush()
	vm.flushes++
}

func (vm *VM) startTick(of *plugin) bool {
	if !of.isTicking {
		of.isTicking = vm.proxy.SetTick(tick) == abi.OK
	}
	return of.isTicking
}

// tick is the longest time that counts wait for a flush, in milliseconds.
const tick = 100

// Tick implements abi.Filter.
func (vm *VM) Tick(root uint32) {
	defer func() { vm.recoverFault(root, recover()) }()
	vm.flush()
	if plugin := vm.plugin(root); plugin != nil {
		plugin.isTicking = false
	}
	vm.proxy.SetTick(0) // a failure does no harm
}
