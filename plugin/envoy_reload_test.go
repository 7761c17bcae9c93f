package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/moodring/moodring/contract"
)

// TestEnvoyLosesNoCountWhenReconfigured changes the plugin's configuration
// repeatedly under traffic on four workers. Some changes replace the whole listener,
// others keep its socket and replace its filters.
func TestEnvoyLosesNoCountWhenReconfigured(t *testing.T) {
	const callers, changes, callsAtLeast, callsAConnection = 8, 4, 100, 10
	all := shapes()
	file := listenerFile{path: filepath.Join(t.TempDir(), "listeners.json"), wasm: wasmFile(t)}
	file.change(t, all, 0)
	envoy := startEnvoy(t, newModel(t), setup{workers: 4, dynamic: file.resources()})
	url := envoy.gateway(t, "gateway")
	var isOver atomic.Bool
	done := make(chan truth)
	go func() {
		done <- drive(t, url, *seed, callers, func(c *caller) error {
			for call := 1; call < callsAtLeast || !isOver.Load(); call++ {
				if err := c.call(all[c.IntN(len(all))]); err != nil {
					return err
				}
				if call%callsAConnection == 0 { // a connection keeps its configuration
					c.hangUp()
				}
			}
			return nil
		})
	}()
	for number := 1; number <= changes; number++ {
		file.change(t, all, number)
		envoy.awaitGeneration(t, url, number)
	}
	isOver.Store(true)
	want := <-done
	for name, count := range envoy.counters(t) { // by awaitGeneration
		if strings.Contains(name, contract.LabelModel+contract.FieldEquals+"generation_") {
			want[name] = count
		}
	}
	envoy.expect(t, want)
}

// listenerFile is the file with Envoy's listener.
type listenerFile struct{ path, wasm string }

func (f listenerFile) resources() object {
	source := object{"path": f.path, "watched_directory": object{"path": filepath.Dir(f.path)}}
	return object{"lds_config": object{"path_config_source": source}}
}

// change writes the listener with the configuration of shapes, and with one more
// path that only this generation has.
func (f listenerFile) change(t *testing.T, all []shape, number int) {
	t.Helper()
	generation := task(generation(number), "/"+generation(number), 1, nil)
	g := gateway{name: "gateway", config: pluginConfig(append(slices.Clone(all), generation), everyOption)}
	if number%2 == 0 { // replaces the whole listener
		g.more = object{"metadata": object{"filter_metadata": object{"test": object{"number": number}}}}
	}
	resource := object{"@type": typePrefix + "config.listener.v3.Listener"}
	maps.Copy(resource, g.listener(f.wasm))
	writeJSON(t, f.path+".new", object{"resources": list{resource}})
	if err := os.Rename(f.path+".new", f.path); err != nil {
		t.Fatal(err)
	}
}

func generation(number int) string { return fmt.Sprintf("generation_%d", number) }

// awaitGeneration requests a generation's path, on new connections, until the
// generation is in use.
func (e envoy) awaitGeneration(t *testing.T, url string, number int) {
	t.Helper()
	counter := contract.AppendStat(nil, contract.Predictions,
		contract.Field{Key: contract.LabelModel, Value: generation(number)}, contract.Field{Key: contract.LabelLabel, Value: "joy"})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	count := eventually(t, func(t *testing.T) uint64 {
		response, err := client.Post(url+"/"+generation(number), "", strings.NewReader(`[{"label":"joy"}]`))
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, response)
		return e.counters(t)[owned(string(counter))]
	}, func(count uint64) bool { return count > 0 })
	if count == 0 {
		t.Errorf("configuration %d never took effect", number)
	}
}
