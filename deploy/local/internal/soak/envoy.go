package soak

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/moodring/moodring/deploy/local/internal/gateway"
	"github.com/moodring/moodring/deploy/local/internal/ports"
	"github.com/moodring/moodring/deploy/local/internal/process"
)

type object = map[string]any

// listenerType is the type of a resource in Envoy's listener discovery service.
const listenerType = "type.googleapis.com/envoy.config.listener.v3.Listener"

// separateListeners returns the bootstrap with its listeners read from a file, as
// Istio sends them by discovery, so that they can be updated.
func separateListeners(bootstrap []byte, file string) (changed []byte, listeners []object, err error) {
	var parsed struct {
		Static object `json:"static_resources"`
		Admin  object `json:"admin"`
	}
	if err := json.Unmarshal(bootstrap, &parsed); err != nil {
		return nil, nil, err
	}
	static, _ := parsed.Static["listeners"].([]any)
	for _, listener := range static {
		resource, ok := listener.(object)
		if !ok {
			return nil, nil, fmt.Errorf("the bootstrap has a listener that is no object")
		}
		resource["@type"] = listenerType
		listeners = append(listeners, resource)
	}
	delete(parsed.Static, "listeners")
	changed, err = json.Marshal(object{
		"node":             object{"id": "soak", "cluster": "soak"},
		"static_resources": parsed.Static,
		"admin":            parsed.Admin,
		"dynamic_resources": object{"lds_config": object{
			"resource_api_version": "V3",
			"path_config_source": object{
				"path":              file,
				"watched_directory": object{"path": filepath.Dir(file)},
			},
		}},
	})
	return changed, listeners, err
}

// liveEnvoy is a running gateway.
type liveEnvoy struct {
	name       string // value of the label gateway
	process    *process.Process
	program    process.Program
	url, admin string
	proxy      *proxy // leads to the admin endpoint
	file       string // of the listeners
	listeners  []object
	version    int
}

// prepareEnvoy writes the configuration of a gateway.
func (r *rig) prepareEnvoy(name string) (*liveEnvoy, error) {
	free, err := ports.Free(2)
	if err != nil {
		return nil, err
	}
	translated, err := os.ReadFile(filepath.Join(r.soak.Root, "deploy", "local", "gateway.json"))
	if err != nil {
		return nil, err
	}
	bootstrap, err := gateway.Bootstrap(translated, gateway.Settings{
		Gateway: free[0], Admin: free[1], ModelServer: r.upstream.Port, RateLimit: r.rateLimit.GRPC,
		Plugin: filepath.Join(r.soak.Root, "bin", "moodring.wasm"), AllMetrics: true, AccessLog: os.DevNull,
	})
	if err != nil {
		return nil, err
	}
	e := &liveEnvoy{
		name: name, url: ports.URL(free[0]), admin: ports.URL(free[1]),
		file: filepath.Join(r.soak.Dir, name, "listeners.json"),
	}
	bootstrap, e.listeners, err = separateListeners(bootstrap, e.file)
	if err != nil {
		return nil, err
	}
	if err := e.publish(); err != nil {
		return nil, err
	}
	file := filepath.Join(r.soak.Dir, name, "envoy.json")
	e.program = gateway.Program(r.envoyBinary, file, e.admin)
	e.program.Args = append(e.program.Args, "--drain-time-s", "2")
	e.program.Log = filepath.Join(r.soak.Dir, "log", name+".log")
	return e, os.WriteFile(file, bootstrap, 0o644)
}

// publish writes the listeners for Envoy, which reads the file again when a new
// file takes its name.
func (e *liveEnvoy) publish() error {
	if err := os.MkdirAll(filepath.Dir(e.file), 0o755); err != nil {
		return err
	}
	e.version++
	text, err := json.Marshal(object{"version_info": strconv.Itoa(e.version), "resources": e.listeners})
	if err != nil {
		return err
	}
	return replaceFile(e.file, text)
}

// updateFilterChains changes only filter chains, which Envoy does in place
// (envoy docs, "Listener update").
func (e *liveEnvoy) updateFilterChains() error {
	for _, listener := range e.listeners {
		forEachObject(listener, func(o object) {
			if _, isManager := o["http_filters"]; isManager {
				o["delayed_close_timeout"] = fmt.Sprintf("%d.5s", e.version)
			}
		})
	}
	return e.publish()
}

// updateListener changes the listener itself, so that a new one takes its place
// and the old one drains.
func (e *liveEnvoy) updateListener() error {
	for _, listener := range e.listeners {
		listener["per_connection_buffer_limit_bytes"] = 1<<20 + e.version
	}
	return e.publish()
}

func forEachObject(node any, visit func(object)) {
	switch node := node.(type) {
	case object:
		visit(node)
		for _, member := range node {
			forEachObject(member, visit)
		}
	case []any:
		for _, member := range node {
			forEachObject(member, visit)
		}
	}
}
