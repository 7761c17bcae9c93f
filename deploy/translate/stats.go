package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	metricsv3 "github.com/envoyproxy/go-control-plane/envoy/config/metrics/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"istio.io/api/annotation"
	"istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pkg/bootstrap"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/model"
)

// statsConfig returns the stats_config with which Istio's agent starts Envoy in the gateway's pod: the stats to keep, and
// the parts of their names that are tags. It executes the agent's own template, from Istio's module.
func statsConfig(meshConfig *v1alpha1.MeshConfig, annotations map[string]string) (*metricsv3.StatsConfig, error) {
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
	return onlyStats(text.Bytes())
}

// agentTemplate returns the path of the template in Istio's module. The module's folder comes from the source path of a
// function in pkg/bootstrap.
func agentTemplate() string {
	entry := reflect.ValueOf(bootstrap.New).Pointer()
	source, _ := runtime.FuncForPC(entry).FileLine(entry)
	return filepath.Join(filepath.Dir(source), "..", "..", "tools", "packaging", "common", "envoy_bootstrap.json")
}

func onlyStats(text []byte) (*metricsv3.StatsConfig, error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, fmt.Errorf("reading the bootstrap of Istio's agent: %w", err)
	}
	stats := &metricsv3.StatsConfig{}
	if err := protojson.Unmarshal(parts["stats_config"], stats); err != nil {
		return nil, fmt.Errorf("reading the stats_config of Istio's agent: %w", err)
	}
	return stats, nil
}
