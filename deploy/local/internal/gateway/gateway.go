// Package gateway adapts the gateway's Envoy configuration to this machine. Istio
// makes the configuration from the manifests, and deploy/translate writes it to
// deploy/local/gateway.json. This package only changes addresses and paths.
package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Envoy clusters of the translated configuration.
const (
	modelCluster     = "outbound|80||knative-local-gateway.istio-system.svc.cluster.local"
	ratelimitCluster = "outbound|8081||ratelimit.default.svc.cluster.local"
)

// Settings are the ports on 127.0.0.1 and the files of the local stack.
type Settings struct {
	Gateway     int
	Admin       int
	ModelServer int
	RateLimit   int // gRPC

	Plugin    string // moodring.wasm
	AccessLog string
}

type object = map[string]any

// Bootstrap returns the translated configuration with the settings applied.
func Bootstrap(translated []byte, settings Settings) ([]byte, error) {
	var bootstrap object
	if err := json.Unmarshal(translated, &bootstrap); err != nil {
		return nil, fmt.Errorf("translated gateway configuration: %w", err)
	}
	changed := settings.apply(bootstrap)
	for name, count := range changed {
		if count == 0 {
			return nil, fmt.Errorf("translated gateway configuration: nothing in it is the %s; make it again with deploy/translate", name)
		}
	}
	bootstrap["admin"] = object{"address": loopback(settings.Admin)}
	return json.MarshalIndent(bootstrap, "", "  ")
}

// apply changes the configuration in node, and counts the changes by setting.
func (s Settings) apply(node any) map[string]int {
	changed := map[string]int{"listener": 0, "model server": 0, "rate limit service": 0, "plugin": 0, "access log": 0}
	walk(node, func(at object) {
		switch {
		case at["cluster_name"] == modelCluster:
			setEndpoints(at, s.ModelServer)
			changed["model server"]++
		case at["cluster_name"] == ratelimitCluster && at["endpoints"] != nil:
			setEndpoints(at, s.RateLimit)
			changed["rate limit service"]++
		case at["filename"] == "moodring.wasm":
			at["filename"] = s.Plugin
			changed["plugin"]++
		case isType(at, "FileAccessLog"):
			at["path"] = s.AccessLog
			changed["access log"]++
		case at["filter_chains"] != nil:
			at["address"] = loopback(s.Gateway)
			changed["listener"]++
		case at["type"] == "STRICT_DNS":
			at["type"] = "STATIC"
		}
	})
	return changed
}

// walk visits the objects of a JSON document, each before the objects inside it.
func walk(node any, visit func(object)) {
	switch node := node.(type) {
	case object:
		visit(node)
		for _, member := range node {
			walk(member, visit)
		}
	case []any:
		for _, member := range node {
			walk(member, visit)
		}
	}
}

func isType(at object, name string) bool {
	url, _ := at["@type"].(string)
	return strings.HasSuffix(url, "."+name)
}

func setEndpoints(assignment object, port int) {
	endpoint := object{"endpoint": object{"address": loopback(port)}}
	assignment["endpoints"] = []any{object{"lb_endpoints": []any{endpoint}}}
}

func loopback(port int) object {
	return object{"socket_address": object{"address": "127.0.0.1", "port_value": port}}
}
