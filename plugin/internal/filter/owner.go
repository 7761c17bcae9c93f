package filter

import (
	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/counters"
	"github.com/moodring/moodring/plugin/internal/identity"
)

// owner says whose model has answered: its service, and its revision, which is the
// model's version if neither the path nor the reply names a version.
type owner struct {
	service        *counters.Service
	name, revision []byte // name is the service's

	// Whether the replies come from another gateway with the plugin, which counts them.
	isGateway bool
}

// owners holds the owners of a plugin's replies.
type owners struct {
	fixed *owner         // of all replies, if the plugin does not tell them apart
	names counters.Names // of the others, in the gateway's configuration
	list  []*owner       // by the number of their names
}

// maxOwners limits the number of owners that are remembered. A gateway has about as
// many owners as routes.
const maxOwners = 1 << 10

// Properties of a stream (Envoy, docs/root/intro/arch_overview/advanced/attributes.rst).
// All are names of the gateway's configuration.
const (
	clusterProperty = "xds\x00cluster_name"
	routeProperty   = "xds\x00route_metadata\x00filter_metadata\x00istio\x00config"
	hostProperty    = "xds\x00virtual_host_name"
	serviceProperty = "xds\x00cluster_metadata\x00filter_metadata\x00istio\x00services\x000\x00"
)

// identify finds out whose model answers on a stream. The gateway chooses the
// upstream between the request and the reply, so identify must not be called
// earlier.
//
// Each property costs a host call with a result, a sixth of the cost of a usual
// reply. So a cached path's owner is mostly taken from the cluster alone.
func (vm *VM) identify(s *stream) {
	if s.owner != nil {
		return
	}
	name, status := vm.proxy.Property(clusterProperty)
	if status != abi.OK {
		name = nil
	}
	if s.path != nil {
		if known := s.path.byCluster(name, vm.flushes); known != nil {
			s.owner, s.model.Service, s.model.Known = known.owner, known.owner.service, known.model
			return
		}
	}
	vm.names = append(vm.names[:0], name...)
	cluster := len(vm.names)
	vm.names = vm.appendProperty(append(vm.names, 0), routeProperty)
	s.owner = vm.owner(s.plugin, cluster)
	vm.setOwner(s, vm.names[:cluster])
}

// setFixedOwner sets the owner of a new stream, if the plugin gives all streams the
// same owner.
func (vm *VM) setFixedOwner(s *stream) {
	if s.owner != nil {
		vm.setOwner(s, nil)
	}
}

// setOwner completes the names of a stream's model, and looks the model up.
func (vm *VM) setOwner(s *stream, cluster []byte) {
	s.model.Service = s.owner.service
	cached := s.path
	if cached != nil {
		if s.model.Known = cached.byOwner(s.owner, vm.flushes); s.model.Known != nil {
			return
		}
		s.copyNames()
	} else {
		s.addOwnerNames()
	}
	if s.isLeftOut = s.owner.isGateway || s.isService && s.namesModel && !s.plugin.counts(&s.model.Name); s.isLeftOut {
		return
	}
	if s.model.Known = vm.counters.Known(&s.model); s.model.Known == nil {
		return
	}
	if cached == nil && s.isPlain {
		to, _ := s.plugin.route(s.plainPath)
		cached = s.plugin.cache.add(s.plainPath, to)
	}
	if cached != nil && cached.byOwner(s.owner, vm.flushes) == nil {
		cached.add(cluster, s.owner, s.model.Known)
	}
}

// owner returns the owner with vm.names, whose first part is the cluster.
func (vm *VM) owner(of *plugin, cluster int) *owner {
	hash := counters.Hash(vm.names)
	if number := of.owners.names.Find(vm.names, hash); number >= 0 {
		return of.owners.list[number]
	}
	who := identity.Of(identity.Names{
		Cluster:   string(vm.names[:cluster]),
		Route:     string(vm.names[cluster+1:]),
		Host:      vm.property(hostProperty),
		Namespace: vm.property(serviceProperty + "namespace"),
		Service:   vm.property(serviceProperty + "name"),
	})
	made := &owner{
		service:   vm.counters.Service(who.Namespace, who.Service, of.counting.MaxServices),
		name:      []byte(who.Service),
		revision:  []byte(who.Revision),
		isGateway: identity.LeadsTo(string(vm.names[:cluster]), of.nextGateways),
	}
	if len(of.owners.list) == maxOwners {
		of.owners = owners{}
	}
	of.owners.names.Add(vm.names, hash)
	of.owners.list = append(of.owners.list, made)
	return made
}

func (vm *VM) property(path string) string { return string(vm.appendProperty(nil, path)) }

// appendProperty appends the value of a property. A property that the stream does
// not have is empty.
//
//go:noinline // the compiler would add 3 kB of copies
func (vm *VM) appendProperty(dst []byte, path string) []byte {
	value, status := vm.proxy.Property(path)
	if status != abi.OK {
		return dst
	}
	return append(dst, value...)
}
