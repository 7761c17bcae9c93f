// Package gateway adapts the gateway's Envoy configuration to this machine. Istio
// makes the configuration from the manifests, and deploy/translate writes it to
// deploy/local/gateway.json. This package changes addresses, paths and the plugin's
// options, and removes filters that the user switches off.
package gateway

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

	Plugin     string // moodring.wasm
	AllMetrics bool   // switches on the plugin's options that add metrics
	AccessLog  string

	Without []Filter // filters to remove
}

// Filter is the name of an HTTP filter in Envoy's configuration.
type Filter string

// Filters that can be removed. The original demo removes the first two in its
// clean-up steps.
const (
	Authorization Filter = "envoy.filters.http.rbac"
	RateLimits    Filter = "envoy.filters.http.ratelimit"
	Moodring      Filter = "extensions.istio.io/trafficextension/istio-system.moodring~istio-translated-wasmplugin"
)

// pluginOptions are the options of the plugin that add metrics, so that no panel of
// the demo's model is empty. The manifests leave most of them off, because each
// costs series.
var pluginOptions = []string{"plainCounters", "scoreSums", "margins", "batchSizes"}

type object = map[string]any

// Bootstrap returns the translated configuration with the settings applied.
func Bootstrap(translated []byte, settings Settings) ([]byte, error) {
	var bootstrap object
	if err := json.Unmarshal(translated, &bootstrap); err != nil {
		return nil, fmt.Errorf("translated gateway configuration: %w", err)
	}
	changed, err := settings.apply(bootstrap)
	if err != nil {
		return nil, fmt.Errorf("translated gateway configuration: %w", err)
	}
	for name, count := range changed {
		if count == 0 {
			return nil, fmt.Errorf("translated gateway configuration: nothing in it is the %s; make it again with deploy/translate", name)
		}
	}
	bootstrap["admin"] = object{"address": loopback(settings.Admin)}
	return json.MarshalIndent(bootstrap, "", "  ")
}

// apply changes the configuration in node, and counts the changes by setting.
func (s Settings) apply(node any) (changed map[string]int, err error) {
	changed = map[string]int{"listener": 0, "model server": 0, "rate limit service": 0, "access log": 0}
	if !slices.Contains(s.Without, Moodring) {
		changed["plugin"] = 0
	}
	for _, filter := range s.Without {
		changed["filter "+string(filter)] = 0
	}
	walk(node, func(at object) {
		switch {
		case at["cluster_name"] == modelCluster:
			setEndpoints(at, s.ModelServer)
			changed["model server"]++
		case at["cluster_name"] == ratelimitCluster && at["endpoints"] != nil:
			setEndpoints(at, s.RateLimit)
			changed["rate limit service"]++
		case at["vm_config"] != nil && s.AllMetrics:
			err = errors.Join(err, setPluginOptions(at))
		case at["filename"] == "moodring.wasm":
			at["filename"] = s.Plugin
			changed["plugin"]++
		case isType(at, "FileAccessLog"):
			at["path"] = s.AccessLog
			changed["access log"]++
		case at["http_filters"] != nil:
			s.removeFilters(at, changed)
		case at["filter_chains"] != nil:
			at["address"] = loopback(s.Gateway)
			changed["listener"]++
		case at["type"] == "STRICT_DNS":
			at["type"] = "STATIC"
		}
	})
	return changed, err
}

// setPluginOptions adds the options to a plugin's configuration, which is JSON in a
// StringValue, or nothing.
func setPluginOptions(plugin object) error {
	options := object{}
	if given, isGiven := plugin["configuration"].(object); isGiven {
		text, _ := given["value"].(string)
		if err := json.Unmarshal([]byte(cmp.Or(text, "{}")), &options); err != nil {
			return fmt.Errorf("the plugin's configuration: %w", err)
		}
	}
	for _, option := range pluginOptions {
		options[option] = true
	}
	text, err := json.Marshal(options)
	plugin["configuration"] = object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": string(text)}
	return err
}

// removeFilters removes the filters in s.Without from a connection manager.
func (s Settings) removeFilters(manager object, changed map[string]int) {
	filters, _ := manager["http_filters"].([]any)
	manager["http_filters"] = slices.DeleteFunc(filters, func(each any) bool {
		filter, _ := each.(object)
		name, _ := filter["name"].(string)
		isRemoved := slices.Contains(s.Without, Filter(name))
		if isRemoved {
			changed["filter "+name]++
		}
		return isRemoved
	})
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
