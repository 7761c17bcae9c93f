package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	metricsv3 "github.com/envoyproxy/go-control-plane/envoy/config/metrics/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"istio.io/api/annotation"
	"istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pkg/bootstrap"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/model"
)

// agentBootstrap returns the parts of the bootstrap with which Istio's agent starts Envoy in the gateway's pod that apply to
// any Envoy: stats_config, with the stats to keep and the parts of their names that are tags, and layered_runtime. It
// executes the agent's own template, from Istio's module.
func agentBootstrap(meshConfig *v1alpha1.MeshConfig, annotations map[string]string) (*bootstrapv3.Bootstrap, error) {
	merged, err := mesh.ApplyProxyConfig(annotations[annotation.ProxyConfig.Name], meshConfig)
	if err != nil {
		return nil, fmt.Errorf("annotation %s of the gateway's pod: %w", annotation.ProxyConfig.Name, err)
	}
	agent := bootstrap.New(bootstrap.Config{Node: &model.Node{
		ID:       "router~" + gatewayAddress + "~" + gatewayName + ".istio-system~istio-system.svc.cluster.local",
		Locality: &corev3.Locality{},
		Metadata: &model.BootstrapNodeMetadata{NodeMetadata: model.NodeMetadata{
			Namespace:   "istio-system",
			ProxyConfig: (*model.NodeMetaProxyConfig)(merged.GetDefaultConfig()),
		}},
	}})
	var text bytes.Buffer
	if err := agent.WriteTo(agentTemplate(), &text); err != nil {
		return nil, fmt.Errorf("making the bootstrap of Istio's agent (build translate without -trimpath): %w", err)
	}
	return onlyPlain(text.Bytes())
}

// agentTemplate returns the path of the template in Istio's module. The module's folder comes from the source path of a
// function in pkg/bootstrap.
func agentTemplate() string {
	entry := reflect.ValueOf(bootstrap.New).Pointer()
	source, _ := runtime.FuncForPC(entry).FileLine(entry)
	return filepath.Join(filepath.Dir(source), "..", "..", "tools", "packaging", "common", "envoy_bootstrap.json")
}

func onlyPlain(text []byte) (*bootstrapv3.Bootstrap, error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, fmt.Errorf("reading the bootstrap of Istio's agent: %w", err)
	}
	plain := &bootstrapv3.Bootstrap{StatsConfig: &metricsv3.StatsConfig{}, LayeredRuntime: &bootstrapv3.LayeredRuntime{}}
	for name, message := range map[string]proto.Message{"stats_config": plain.StatsConfig, "layered_runtime": plain.LayeredRuntime} {
		if err := protojson.Unmarshal(parts[name], message); err != nil {
			return nil, fmt.Errorf("reading the %s of Istio's agent: %w", name, err)
		}
	}
	return plain, nil
}
