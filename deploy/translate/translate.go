package main

import (
	"errors"
	"fmt"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

// translation is the configuration that istiod would send to the gateway pod, by discovery service.
type translation struct {
	listeners  []*listenerv3.Listener
	routes     map[string]*routev3.RouteConfiguration
	clusters   map[string]*clusterv3.Cluster
	extensions map[string]*corev3.TypedExtensionConfig
	// agent is the configuration that Istio's agent in the pod adds.
	agent *bootstrapv3.Bootstrap
}

// translate runs Istio's own control plane in this process, as Istio's tests do (pilot/test/xds/fake.go).
func translate(in input) (translation, error) {
	if err := quiet(); err != nil {
		return translation{}, err
	}
	var out translation
	var err error
	failed := test.Wrap(func(t test.Failer) {
		server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
			MeshConfig:             in.mesh,
			Configs:                in.configs,
			KubernetesObjectString: in.kubernetes,
		})
		server.EnsureSynced(t)
		out, err = push(server, server.SetupProxy(gatewayPod()))
	})
	if err := errors.Join(failed, err); err != nil {
		return translation{}, fmt.Errorf("asking Istio's control plane: %w", err)
	}
	if out.agent, err = agentBootstrap(in.mesh, in.annotations); err != nil {
		return translation{}, err
	}
	if len(out.listeners) == 0 {
		return translation{}, errors.New("no listeners from Istio: does a Gateway select the pod of cluster/istio.yaml?")
	}
	return out, nil
}

// quiet sends istiod's log to standard error, because the result goes to standard output, and keeps only warnings. Two
// scopes are silent. One warns of Gateway API resources, which the cluster of Istio's tests has only by name. The other
// warns when it is stopped during its start, as translate does.
func quiet() error {
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	if err := log.Configure(options); err != nil {
		return fmt.Errorf("setting up Istio's log: %w", err)
	}
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.WarnLevel)
	}
	for _, name := range []string{log.DefaultScopeName, "krt"} {
		if scope := log.FindScope(name); scope != nil {
			scope.SetOutputLevel(log.FatalLevel)
		}
	}
	return nil
}

// The name and address of the gateway's pod in cluster/istio.yaml.
const (
	gatewayName    = "istio-ingressgateway-0"
	gatewayAddress = "10.244.0.7"
)

// gatewayPod returns the proxy in the gateway's pod. Istio finds the pod by the address.
func gatewayPod() *model.Proxy {
	labels := map[string]string{"app": "istio-ingressgateway", "istio": "ingressgateway"}
	return &model.Proxy{
		Type:            model.Router,
		ID:              gatewayName + ".istio-system",
		IPAddresses:     []string{gatewayAddress},
		ConfigNamespace: "istio-system",
		Labels:          labels,
		Metadata:        &model.NodeMetadata{Namespace: "istio-system", Labels: labels, ClusterID: "Kubernetes"},
	}
}

func push(server *xds.FakeDiscoveryServer, proxy *model.Proxy) (translation, error) {
	out := translation{
		listeners:  server.Listeners(proxy),
		routes:     map[string]*routev3.RouteConfiguration{},
		clusters:   map[string]*clusterv3.Cluster{},
		extensions: map[string]*corev3.TypedExtensionConfig{},
	}
	for _, r := range server.RoutesFromListeners(proxy, out.listeners) {
		out.routes[r.GetName()] = r
	}
	for _, c := range server.Clusters(proxy) {
		out.clusters[c.GetName()] = c
	}
	names, err := extensionNames(out.listeners)
	if err != nil {
		return translation{}, err
	}
	for _, e := range server.ConfigGen.BuildExtensionConfiguration(proxy, server.PushContext(), names, nil) {
		out.extensions[e.GetName()] = e
	}
	return out, nil
}
