package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ratelimit/v3"
	wasmfilterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/wasm/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"istio.io/istio/pilot/pkg/model"

	// Registers every message type of Envoy, so that protojson can print each Any.
	_ "istio.io/istio/pkg/config/xds"
)

// ingressPort is the pod's port for requests from outside, port 80 of its Service. The access log of the original demo
// shows it (`127.0.0.1:8080`).
const ingressPort = 8080

// localGateway is the cluster to which KServe routes a request from outside: the same pod again, on the way to the
// revision.
const localGateway = "outbound|80||knative-local-gateway.istio-system.svc.cluster.local"

// localPort is the pod's port for the second pass of a request, to the revision.
const localPort = 8081

// onOneMachine reduces a translation to the parts that a plain Envoy needs for requests from outside: the ingress listener
// with inlined routes and plugin, and the clusters in its routes and filters. With both passes, it keeps the listener for
// the second pass too.
func onOneMachine(full translation, hasBothPasses bool) (*bootstrapv3.Bootstrap, error) {
	ports := []uint32{ingressPort}
	if hasBothPasses {
		ports = append(ports, localPort)
	}
	resources := &bootstrapv3.Bootstrap_StaticResources{}
	reached := map[string]bool{}
	for _, port := range ports {
		listener, err := plainListener(full, port, hasBothPasses, reached)
		if err != nil {
			return nil, err
		}
		resources.Listeners = append(resources.Listeners, listener)
	}
	clusters, err := staticClusters(full.clusters, reached, hasBothPasses)
	if err != nil {
		return nil, err
	}
	resources.Clusters = clusters
	plain := proto.Clone(full.agent).(*bootstrapv3.Bootstrap)
	plain.StaticResources = resources
	return plain, nil
}

// plainListener returns the listener on a port with inlined routes and plugin, and adds its clusters to reached.
func plainListener(full translation, port uint32, hasBothPasses bool, reached map[string]bool) (*listenerv3.Listener, error) {
	at := slices.IndexFunc(full.listeners, func(l *listenerv3.Listener) bool { return listenerPort(l) == port })
	if at < 0 {
		return nil, fmt.Errorf("no listener on port %d: does a Gateway serve port 80, and the Service map it to %d?", port, port)
	}
	listener := proto.Clone(full.listeners[at]).(*listenerv3.Listener)
	err := eachConnectionManager(listener, func(manager *hcmv3.HttpConnectionManager) error {
		return inline(manager, full, hasBothPasses, reached)
	})
	if err != nil {
		return nil, fmt.Errorf("listener %s: %w", listener.GetName(), err)
	}
	return listener, nil
}

func listenerPort(l *listenerv3.Listener) uint32 {
	return l.GetAddress().GetSocketAddress().GetPortValue()
}

// eachConnectionManager calls change for every HTTP connection manager of a listener, and stores the changed message.
func eachConnectionManager(l *listenerv3.Listener, change func(*hcmv3.HttpConnectionManager) error) error {
	for _, chain := range l.GetFilterChains() {
		for _, filter := range chain.GetFilters() {
			manager := &hcmv3.HttpConnectionManager{}
			if !filter.GetTypedConfig().MessageIs(manager) {
				continue
			}
			if err := filter.GetTypedConfig().UnmarshalTo(manager); err != nil {
				return fmt.Errorf("filter %s: %w", filter.GetName(), err)
			}
			if err := change(manager); err != nil {
				return err
			}
			if err := filter.GetTypedConfig().MarshalFrom(manager); err != nil {
				return fmt.Errorf("filter %s: %w", filter.GetName(), err)
			}
		}
	}
	return nil
}

// inline replaces references to discovery services in a connection manager by the configuration itself, and adds the
// clusters of its routes and filters to reached.
func inline(manager *hcmv3.HttpConnectionManager, full translation, hasBothPasses bool, reached map[string]bool) error {
	if rds := manager.GetRds(); rds != nil {
		routes, ok := full.routes[rds.GetRouteConfigName()]
		if !ok {
			return fmt.Errorf("no routes %q from Istio", rds.GetRouteConfigName())
		}
		routes = proto.Clone(routes).(*routev3.RouteConfiguration)
		if !hasBothPasses {
			routes.VirtualHosts = slices.DeleteFunc(routes.GetVirtualHosts(), leadsElsewhere)
		}
		manager.RouteSpecifier = &hcmv3.HttpConnectionManager_RouteConfig{RouteConfig: routes}
	}
	noteRoutes(manager.GetRouteConfig(), reached)
	var kept []*hcmv3.HttpFilter
	for _, filter := range manager.GetHttpFilters() {
		if err := inlinePlugin(filter, full.extensions); err != nil {
			return fmt.Errorf("filter %s: %w", filter.GetName(), err)
		}
		if istioOnly(filter.GetTypedConfig()) {
			continue
		}
		if err := noteLimiter(filter, reached); err != nil {
			return fmt.Errorf("filter %s: %w", filter.GetName(), err)
		}
		kept = append(kept, filter)
	}
	manager.HttpFilters = kept
	return nil
}

// istioOnly reports whether only Istio's build of Envoy has a filter. The messages of Envoy's own filters are all in
// packages `envoy.`.
func istioOnly(config *anypb.Any) bool {
	return !strings.HasPrefix(string(config.MessageName()), "envoy.")
}

// leadsElsewhere reports whether a virtual host is not for the public name of an InferenceService. Knative's virtual host
// for the predictor, for example, leads straight to the revision.
func leadsElsewhere(host *routev3.VirtualHost) bool {
	return !slices.ContainsFunc(host.GetRoutes(), func(route *routev3.Route) bool {
		return route.GetRoute().GetCluster() == localGateway
	})
}

func noteRoutes(routes *routev3.RouteConfiguration, reached map[string]bool) {
	for _, host := range routes.GetVirtualHosts() {
		for _, route := range host.GetRoutes() {
			for _, weighted := range route.GetRoute().GetWeightedClusters().GetClusters() {
				reached[weighted.GetName()] = true
			}
			if name := route.GetRoute().GetCluster(); name != "" {
				reached[name] = true
			}
		}
	}
}

func noteLimiter(filter *hcmv3.HttpFilter, reached map[string]bool) error {
	limit := &ratelimitv3.RateLimit{}
	if !filter.GetTypedConfig().MessageIs(limit) {
		return nil
	}
	if err := filter.GetTypedConfig().UnmarshalTo(limit); err != nil {
		return err
	}
	reached[limit.GetRateLimitService().GetGrpcService().GetEnvoyGrpc().GetClusterName()] = true
	return nil
}

// inlinePlugin replaces the reference to Istio's extension discovery service by the configuration of a WasmPlugin. In a
// cluster Istio's agent downloads the image and sets the file; here the file is wasmPlaceholder. The environment variables
// are for the agent, which removes them too.
func inlinePlugin(filter *hcmv3.HttpFilter, extensions map[string]*corev3.TypedExtensionConfig) error {
	if filter.GetConfigDiscovery() == nil {
		return nil
	}
	extension, ok := extensions[filter.GetName()]
	if !ok {
		return fmt.Errorf("no configuration for it from Istio")
	}
	wasm := &wasmfilterv3.Wasm{}
	if err := extension.GetTypedConfig().UnmarshalTo(wasm); err != nil {
		return err
	}
	vm := wasm.GetConfig().GetVmConfig()
	vm.EnvironmentVariables = nil
	vm.Code = &corev3.AsyncDataSource{Specifier: &corev3.AsyncDataSource_Local{Local: &corev3.DataSource{
		Specifier: &corev3.DataSource_Filename{Filename: wasmPlaceholder},
	}}}
	config, err := anypb.New(wasm)
	if err != nil {
		return err
	}
	filter.ConfigType = &hcmv3.HttpFilter_TypedConfig{TypedConfig: config}
	return nil
}

// wasmPlaceholder stands for the path of the plugin's file.
const wasmPlaceholder = "moodring.wasm"

// extensionNames lists the filters whose configuration comes from Istio's extension discovery service.
func extensionNames(listeners []*listenerv3.Listener) ([]string, error) {
	names := map[string]bool{}
	for _, l := range listeners {
		err := eachConnectionManager(l, func(manager *hcmv3.HttpConnectionManager) error {
			for _, filter := range manager.GetHttpFilters() {
				if filter.GetConfigDiscovery() != nil {
					names[filter.GetName()] = true
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("listener %s: %w", l.GetName(), err)
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

func staticClusters(all map[string]*clusterv3.Cluster, reached map[string]bool, hasBothPasses bool) ([]*clusterv3.Cluster, error) {
	var clusters []*clusterv3.Cluster
	for _, name := range slices.Sorted(maps.Keys(reached)) {
		found, ok := all[name]
		if !ok {
			return nil, fmt.Errorf("a route or filter names cluster %q, which Istio did not make: is there a Service of that name and port?", name)
		}
		plain := withAddress(found)
		if name == localGateway && !hasBothPasses {
			// Gateways speak HTTP/2 with each other. The model server speaks HTTP/1.1, as does the revision's port `http`.
			plain.TypedExtensionProtocolOptions = nil
		}
		clusters = append(clusters, plain)
	}
	return clusters, nil
}

// withAddress replaces endpoint discovery by one endpoint, the DNS name of the cluster's Service.
func withAddress(from *clusterv3.Cluster) *clusterv3.Cluster {
	c := proto.Clone(from).(*clusterv3.Cluster)
	_, _, host, port := model.ParseSubsetKey(c.GetName())
	c.ClusterDiscoveryType = &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STRICT_DNS}
	c.EdsClusterConfig = nil
	// Istio's metadata exchange over TCP.
	c.Filters = nil
	c.LoadAssignment = &endpointv3.ClusterLoadAssignment{
		ClusterName: c.GetName(),
		Endpoints: []*endpointv3.LocalityLbEndpoints{{LbEndpoints: []*endpointv3.LbEndpoint{{
			HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{
				Address: socketAddress(string(host), uint32(port)),
			}},
		}}}},
	}
	return c
}

func socketAddress(host string, port uint32) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address:       host,
		PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
	}}}
}

// marshal returns a message as JSON, with the same bytes each time. protojson varies its white space on purpose, so the
// text goes through encoding/json, which also sorts the keys.
func marshal(message proto.Message) ([]byte, error) {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("printing the configuration: %w", err)
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, fmt.Errorf("printing the configuration: %w", err)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("printing the configuration: %w", err)
	}
	return text.Bytes(), nil
}
