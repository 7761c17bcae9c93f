package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
)

// TestEnvoyTellsOwnersApart runs the gateway that Istio makes of the objects in
// deploy/translate/testdata/owners: models of one name in four namespaces, a canary
// of Knative's and one of weighted Services, InferenceGraphs on one path, ModelMesh,
// and requests that pass the gateway twice. Each cluster has a model server of its
// own, which says how often it has answered.
func TestEnvoyTellsOwnersApart(t *testing.T) {
	istio := newIstioGateway(t)
	envoy := startEnvoy(t, istio.port("unused"), setup{workers: 2, listeners: istio.listeners, clusters: istio.clusters})
	url := envoy.gateway(t, "0.0.0.0_8080")
	const ofMesh = `{"model_name":"emo__isvc-3642375d03","outputs":[{"name":"o","datatype":"BYTES","shape":[1],"data":["joy"]}]}`
	drive(t, url, *seed, 8, func(c *caller) error {
		for range 25 {
			for _, r := range []struct{ host, path, reply string }{
				{"iris.team-a.example.com", "/v1/models/iris:predict", joy},
				{"iris.team-b.example.com", "/v1/models/iris:predict", joy},
				{"iris.team-c.example.com", "/v1/models/iris:predict", joy},
				{"iris.team-d.example.com", "/v1/models/iris:predict", joy},
				{"iris-predictor.team-b.example.com", "/v1/models/iris:predict", joy}, // in one pass
				{"mood.example.com", "/v1/models/mood:predict", joy},
				{"spam-graph.team-a.example.com", "/", joy},
				{"mood-graph.team-a.example.com", "/", joy},
				{"mesh.example.com", "/v2/models/emo/infer", ofMesh},
			} {
				if err := c.askHost(r.host, r.path, r.reply); err != nil {
					return err
				}
			}
		}
		return nil
	})
	want := map[string]uint64{}
	for _, o := range []struct{ cluster, namespace, service, model, version string }{
		{"iris-predictor-00001.team-a", "team-a", "iris-predictor", "iris", "iris-predictor-00001"},
		{"iris-predictor-00002.team-a", "team-a", "iris-predictor", "iris", "iris-predictor-00002"},
		{"iris-predictor-00001.team-b", "team-b", "iris-predictor", "iris", "iris-predictor-00001"},
		{"iris-predictor.team-c", "team-c", "iris", "iris", "iris-predictor"},
		{"iris-predictor.team-d", "team-d", "iris", "iris", "iris-predictor"},
		{"mood-stable.team-a", "team-a", "mood", "mood", "mood-stable"},
		{"mood-canary.team-a", "team-a", "mood", "mood", "mood-canary"},
		{"spam-graph-00001.team-a", "team-a", "spam-graph", "spam-graph", "spam-graph-00001"},
		{"mood-graph-00001.team-a", "team-a", "mood-graph", "mood-graph", "mood-graph-00001"},
		{"modelmesh-serving.mesh", "mesh", "modelmesh", "emo", "isvc-3642375d03"},
	} {
		if want[strings.Join([]string{o.namespace, o.service, o.model, o.version}, " ")] = istio.answered(o.cluster); istio.answered(o.cluster) == 0 {
			t.Errorf("%s was never reached", o.cluster)
		}
	}
	got := eventually(t, envoy.predictionsByOwner, func(got map[string]uint64) bool { return cmp.Equal(want, got) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("predictions by namespace, service, model and version (-model servers +counters):\n%s", diff)
	}
}

// askHost requests a reply of a host.
func (c *caller) askHost(host, path, reply string) error {
	request, err := http.NewRequest(http.MethodPost, c.url+path, strings.NewReader(reply))
	if err != nil {
		return err
	}
	request.Host = host
	response, err := c.client[0].Do(request)
	if err != nil {
		return err
	}
	return c.holdTo(response, http.StatusOK, []byte(reply))
}

func (e envoy) predictionsByOwner(t *testing.T) map[string]uint64 {
	t.Helper()
	counts := map[string]uint64{}
	for name, n := range e.counters(t) {
		stat, err := contract.ParseStat(contract.StatPrefix + name)
		if err != nil || stat.Name != contract.Predictions {
			continue
		}
		values := map[string]string{}
		for _, field := range stat.Fields {
			values[field.Key] = field.Value
		}
		owner := []string{values[contract.LabelNamespace], values[contract.LabelService], values[contract.LabelModel], values[contract.LabelVersion]}
		counts[strings.Join(owner, " ")] += n
	}
	return counts
}

// istioGateway is the translated gateway on this machine.
type istioGateway struct {
	listeners, clusters list
	counts              map[string]*atomic.Uint64 // replies by cluster
	ports               map[string]int
}

// newIstioGateway reads the translated gateway and gives each cluster a model
// server. The listener for the second pass is a socket, to which the cluster of
// knative-local-gateway leads.
func newIstioGateway(t *testing.T) istioGateway {
	t.Helper()
	text, err := os.ReadFile("testdata/istio/owners.json")
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.NewReplacer(`"moodring.wasm"`, fmt.Sprintf("%q", wasmFile(t)), "/dev/stdout", "/dev/null", "STRICT_DNS", "STATIC").Replace(string(text)))
	var translated struct {
		Resources struct{ Listeners, Clusters []object } `json:"static_resources"`
	}
	if err := json.Unmarshal(text, &translated); err != nil {
		t.Fatal(err)
	}
	g := istioGateway{counts: map[string]*atomic.Uint64{}, ports: map[string]int{}}
	pipe := object{"pipe": object{"path": filepath.Join(t.TempDir(), "local")}}
	for i, listener := range translated.Resources.Listeners {
		listener["address"] = address(0)
		if i == 1 {
			listener["address"] = pipe
		}
		g.listeners = append(g.listeners, listener)
	}
	for _, c := range translated.Resources.Clusters {
		name := c["name"].(string)
		_, host, _ := strings.Cut(name, "||")
		endpoint := pipe
		if service, _, _ := strings.Cut(host, ".svc."); service != "knative-local-gateway.istio-system" {
			g.add(t, service)
			endpoint = address(g.port(service))
		}
		c["load_assignment"] = object{"cluster_name": name, "endpoints": list{object{"lb_endpoints": list{object{"endpoint": object{"address": endpoint}}}}}}
		g.clusters = append(g.clusters, c)
	}
	g.add(t, "unused")
	return g
}

// add starts a model server that echoes the request's body.
func (g istioGateway) add(t *testing.T, service string) {
	t.Helper()
	count := &atomic.Uint64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		if err := echo(w, r); err != nil {
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(server.Close)
	g.counts[service], g.ports[service] = count, server.Listener.Addr().(*net.TCPAddr).Port
}

func (g istioGateway) port(service string) int { return g.ports[service] }

func (g istioGateway) answered(service string) uint64 { return g.counts[service].Load() }
