// Package gateway makes the Envoy that runs on this machine out of the
// configuration that Istio makes of the manifests (deploy/translate writes it to
// deploy/local/gateway.json). It changes addresses and paths, and nothing else.
package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Clusters of the rendered configuration.
const (
	modelCluster     = "outbound|80||knative-local-gateway.istio-system.svc.cluster.local"
	ratelimitCluster = "outbound|8081||ratelimit.default.svc.cluster.local"
)

// Places are this machine's addresses and paths.
type Places struct {
	Gateway     int // ports of 127.0.0.1
	Admin       int
	ModelServer int
	RateLimit   int // gRPC

	Plugin    string // file of moodring.wasm
	AccessLog string // file
}

type object = map[string]any

// Bootstrap returns the rendered configuration with places filled in.
func Bootstrap(rendered []byte, places Places) ([]byte, error) {
	var bootstrap object
	if err := json.Unmarshal(rendered, &bootstrap); err != nil {
		return nil, fmt.Errorf("rendered gateway configuration: %w", err)
	}
	filled := places.fill(bootstrap)
	for what, count := range filled {
		if count == 0 {
			return nil, fmt.Errorf("rendered gateway configuration: no place for the %s; render it anew (deploy/translate)", what)
		}
	}
	bootstrap["admin"] = object{"address": loopback(places.Admin)}
	return json.MarshalIndent(bootstrap, "", "  ")
}

// fill walks the configuration and returns how often it filled in each thing.
func (p Places) fill(node any) map[string]int {
	filled := map[string]int{"listener": 0, "model server": 0, "rate limit service": 0, "plugin": 0, "access log": 0}
	walk(node, func(at object) {
		switch {
		case at["cluster_name"] == modelCluster:
			setEndpoints(at, p.ModelServer)
			filled["model server"]++
		case at["cluster_name"] == ratelimitCluster && at["endpoints"] != nil:
			setEndpoints(at, p.RateLimit)
			filled["rate limit service"]++
		case at["filename"] == "moodring.wasm":
			at["filename"] = p.Plugin
			filled["plugin"]++
		case isType(at, "FileAccessLog"):
			at["path"] = p.AccessLog
			filled["access log"]++
		case at["filter_chains"] != nil:
			at["address"] = loopback(p.Gateway)
			filled["listener"]++
		case at["type"] == "STRICT_DNS":
			at["type"] = "STATIC"
		}
	})
	return filled
}

// walk visits the objects of a JSON document, the outer before the inner.
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
