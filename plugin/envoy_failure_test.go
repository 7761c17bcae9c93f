package main

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
)

const (
	badConfig = `{"maxlabels": 3}`
	badLine   = "moodring: not started: pluginConfig: maxlabels is an unknown key; known are plainCounters, "
	wasmType  = typePrefix + "extensions.filters.http.wasm.v3.Wasm"
)

// discovered is a filter that Envoy gets by ECDS, as from Istio, here from a file.
type discovered struct{ path, wasm, name string }

func (d discovered) file() string { return filepath.Join(d.path, d.name) }

func (d discovered) change(t *testing.T, config, failurePolicy string) {
	t.Helper()
	with := wasmConfig(d.wasm, config, "")
	with["name"], with["failure_policy"] = d.name, failurePolicy
	resource := object{"@type": typePrefix + "config.core.v3.TypedExtensionConfig"}
	maps.Copy(resource, moodringFilter(with))
	resource["name"] = d.name
	writeJSON(t, d.file()+".new", object{"resources": list{resource}})
	if err := os.Rename(d.file()+".new", d.file()); err != nil {
		t.Fatal(err)
	}
}

func (d discovered) filter() object {
	source := object{"path": d.file(), "watched_directory": object{"path": d.path}}
	return object{"name": d.name, "config_discovery": object{
		"config_source": object{"path_config_source": source},
		"type_urls":     list{wasmType},
	}}
}

// TestEnvoyWithABadConfiguration checks that the plugin does not start and logs the
// reason in one line. With any failure policy Envoy refuses the configuration: a
// listener without an earlier configuration answers 500, and a listener with one
// keeps it.
func TestEnvoyWithABadConfiguration(t *testing.T) {
	dir, wasm := t.TempDir(), wasmFile(t)
	var listeners list
	filters := map[string]discovered{}
	for name, filter := range map[string]struct{ config, policy string }{
		"sound": {"", "FAIL_OPEN"}, "open": {badConfig, "FAIL_OPEN"}, "closed": {badConfig, "FAIL_CLOSED"},
	} {
		filters[name] = discovered{dir, wasm, name}
		filters[name].change(t, filter.config, filter.policy)
		listeners = append(listeners, gateway{name: name, filter: filters[name].filter()}.listener(wasm))
	}
	envoy := startEnvoy(t, newModel(t), setup{workers: 1, listeners: listeners})
	filters["sound"].change(t, badConfig, "FAIL_OPEN")
	const refusals = 3
	eventually(t, func(*testing.T) int { return strings.Count(envoy.log.String(), badLine) }, func(lines int) bool { return lines == refusals })
	want := map[string]int{"sound": http.StatusOK, "open": http.StatusInternalServerError, "closed": http.StatusInternalServerError}
	got := map[string]int{}
	for name := range filters {
		response, err := http.Post(envoy.gateway(t, name)+bert, "", strings.NewReader(`{"predictions":["joy"]}`))
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, response)
		got[name] = response.StatusCode
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	counted := truth{}
	counted.reply(shape{model: "bert"}, []answered{{labels: []string{"joy"}}}, false)
	envoy.expect(t, counted)
	if lines := strings.Count(envoy.log.String(), badLine); lines != refusals {
		t.Errorf("%d lines say why, want %d", lines, refusals)
	}
}

// TestEnvoyWithADeadVM checks that the request on which a worker's VM dies is
// answered 503. The failure policy decides whether later requests pass uncounted.
func TestEnvoyWithADeadVM(t *testing.T) {
	wasm := build(t, "./testdata/mortal")
	var listeners list
	for _, policy := range []string{"FAIL_OPEN", "FAIL_CLOSED"} {
		config := wasmConfig(wasm, "", policy)
		config["failure_policy"] = policy
		listeners = append(listeners, gateway{name: policy, filter: moodringFilter(config)}.listener(wasm))
	}
	envoy := startEnvoy(t, newModel(t), setup{workers: 1, listeners: listeners})
	plain := &http.Client{Transport: &http.Transport{DisableCompression: true}} // a dead filter does not remove accept-encoding
	defer plain.CloseIdleConnections()
	got := map[string][]int{}
	for _, policy := range []string{"FAIL_OPEN", "FAIL_CLOSED"} {
		for _, path := range []string{bert, "/die", bert, bert} {
			response, err := plain.Post(envoy.gateway(t, policy)+path, "", strings.NewReader(joy))
			if err != nil {
				t.Fatal(err)
			}
			readAll(t, response)
			got[policy] = append(got[policy], response.StatusCode)
		}
	}
	want := map[string][]int{"FAIL_OPEN": {200, 503, 200, 200}, "FAIL_CLOSED": {200, 503, 503, 503}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	counted := truth{}
	for range 2 {
		counted.reply(shape{model: "bert"}, []answered{{labels: []string{"love", "joy"}, scores: []float64{0.04, 0.96}, top: 1}}, false)
	}
	envoy.expect(t, counted)
}

// TestEnvoyAsGatewayAndSidecar passes a reply through the filter twice: in a
// predictor's sidecar, with Istio's inbound listener and inbound cluster, and in the
// gateway. Each counts the reply once; different options distinguish their counts.
func TestEnvoyAsGatewayAndSidecar(t *testing.T) {
	wasm, socket, port := wasmFile(t), filepath.Join(t.TempDir(), "sidecar"), newModel(t)
	pipe := object{"pipe": object{"path": socket}}
	sidecar := gateway{
		name: "virtualInbound", config: `{"batchSizes": true}`, cluster: "inbound|8080||",
		more: object{"traffic_direction": "INBOUND", "address": pipe},
	}
	ingress := gateway{
		name: "ingress", config: `{"margins": true}`, cluster: "outbound|82||model.default.svc.cluster.local",
		more: object{"traffic_direction": "OUTBOUND"},
	}
	behind := cluster(ingress.cluster, 0)
	behind["load_assignment"] = object{"cluster_name": ingress.cluster, "endpoints": list{object{"lb_endpoints": list{object{"endpoint": object{"address": pipe}}}}}}
	before := cluster(sidecar.cluster, port)
	before["metadata"] = object{"filter_metadata": object{"istio": object{"services": list{object{"name": "model", "namespace": "default"}}}}}
	envoy := startEnvoy(t, port, setup{
		workers:   2,
		listeners: list{sidecar.listener(wasm), ingress.listener(wasm)},
		clusters:  list{before, behind},
	})
	if got := predict(t, envoy.gateway(t, "ingress"), "bert", joy); got != joy {
		t.Errorf("the gateway made %q of the reply", got)
	}
	batch, of, want := []answered{{labels: []string{"love", "joy"}, scores: []float64{0.04, 0.96}, top: 1}}, shape{model: "bert"}, truth{}
	want.reply(of, batch, false)
	want.reply(of, batch, false)
	want.sample(contract.BatchSize, 1, fields(of))
	want.sample(contract.Margin, 0.96-0.04, fields(of))
	envoy.expect(t, want)
}
