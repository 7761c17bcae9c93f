package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	rbacv3 "github.com/envoyproxy/go-control-plane/envoy/config/rbac/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	rbacfilterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/rbac/v3"
	wasmfilterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/wasm/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	exprv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/rate_limit_descriptors/expr/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"istio.io/api/annotation"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

const (
	current = ".."
	seed    = "../seed"
	owners  = "testdata/owners"
)

func TestCommittedFilesAreCurrent(t *testing.T) {
	for _, c := range []struct {
		manifests, file string
		hasBothPasses   bool
	}{
		{current, "../local/gateway.json", false},
		{seed, "../local/gateway-seed.json", false},
		{owners, "../../plugin/testdata/istio/owners.json", true},
	} {
		t.Run(filepath.Base(c.file), func(t *testing.T) {
			want, err := gatewayJSON(c.manifests, "cluster", c.hasBothPasses)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(c.file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
				t.Errorf("%s is stale: cd deploy/translate && go run . -both-passes=%v -manifests %s -o %s\n(-Istio's translation +committed file):\n%s",
					c.file, c.hasBothPasses, c.manifests, c.file, diff)
			}
		})
	}
}

// TestExampleIsTested checks that the plugin's tests run the documented example for serverless models.
func TestExampleIsTested(t *testing.T) {
	var texts []string
	for _, file := range []string{"../plugin/examples/serverless.yaml", owners + "/wasm-plugin.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
		t.Errorf("testdata/owners/wasm-plugin.yaml (-example +file):\n%s", diff)
	}
}

// A request passes both listeners of the gateway's pod. The seed's filters on the second listener count each request
// twice.
func TestFiltersByPass(t *testing.T) {
	const (
		plugin     = "extensions.istio.io/trafficextension/istio-system.moodring~istio-translated-wasmplugin"
		seedPlugin = "extensions.istio.io/trafficextension/istio-system.stats-plugin~istio-translated-wasmplugin"
		rbac       = "envoy.filters.http.rbac"
		limit      = "envoy.filters.http.ratelimit"
		router     = "envoy.filters.http.router"
	)
	for _, c := range []struct {
		name, manifests string
		port            uint32
		want            []string
	}{
		{"current, from outside", current, 8080, []string{rbac, plugin, limit, router}},
		{"current, to the revision", current, 8081, []string{rbac, router}},
		{"seed, from outside", seed, 8080, []string{rbac, seedPlugin, limit, router}},
		{"seed, to the revision", seed, 8081, []string{rbac, seedPlugin, limit, router}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, filter := range filtersOn(t, translated(t, c.manifests).listeners, c.port) {
				switch filter.GetName() {
				case rbac, plugin, seedPlugin, limit, router:
					got = append(got, filter.GetName())
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("filters on port %d (-want +got):\n%s", c.port, diff)
			}
		})
	}
}

func TestOneMachineHasNoFilterOfIstiosOwn(t *testing.T) {
	plain, err := onOneMachine(translated(t, current), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, filter := range filtersOn(t, plain.GetStaticResources().GetListeners(), ingressPort) {
		if filter.GetTypedConfig() == nil || istioOnly(filter.GetTypedConfig()) {
			t.Errorf("filter %s: has %q, which plain Envoy cannot load", filter.GetName(), filter.GetTypedConfig().GetTypeUrl())
		}
	}
}

func TestPlugin(t *testing.T) {
	plain, err := onOneMachine(translated(t, current), false)
	if err != nil {
		t.Fatal(err)
	}
	wasm := &wasmfilterv3.Wasm{}
	find(t, filtersOn(t, plain.GetStaticResources().GetListeners(), ingressPort), wasm)
	options := &wrapperspb.StringValue{}
	if err := wasm.GetConfig().GetConfiguration().UnmarshalTo(options); err != nil {
		t.Fatal(err)
	}
	got := []string{
		options.GetValue(),
		wasm.GetConfig().GetFailurePolicy().String(),
		wasm.GetConfig().GetVmConfig().GetCode().GetLocal().GetFilename(),
	}
	if diff := cmp.Diff([]string{`{"plainCounters":true}`, "FAIL_OPEN", wasmPlaceholder}, got); diff != "" {
		t.Errorf("options, failure policy, file (-want +got):\n%s", diff)
	}
}

func TestAuthorization(t *testing.T) {
	for _, c := range []struct {
		name, manifests string
		want            map[string][]string
	}{
		{"current", current, map[string][]string{
			"ns[istio-system]-policy[allow-with-header]-rule[0]": {"path /v1/models/bert-emotion-model:predict", "X-Test istio-is-cool"},
			"ns[istio-system]-policy[allow-with-header]-rule[1]": {":method GET", "path /healthz", "K-Network-Probe probe"},
		}},
		{"seed", seed, map[string][]string{
			"ns[istio-system]-policy[allow-with-header]-rule[0]": {"path /v1/models/bert-emotion-model:predict", "X-Test istio-is-cool"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			filter := &rbacfilterv3.RBAC{}
			find(t, filtersOn(t, translated(t, c.manifests).listeners, ingressPort), filter)
			if action := filter.GetRules().GetAction(); action != rbacv3.RBAC_ALLOW {
				t.Errorf("action %s, want ALLOW", action)
			}
			got := map[string][]string{}
			for name, policy := range filter.GetRules().GetPolicies() {
				got[name] = append(permissions(policy.GetPermissions()), principals(policy.GetPrincipals())...)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("policies (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name, manifests, routes string
		want                    []string
	}{
		{"current, from outside", current, "http.8080", []string{
			`path=<path>, x-api-key=<key>`,
			`path=<path>`,
		}},
		{"current, to the revision", current, "http.8081", nil},
		{"seed, from outside", seed, "http.8080", []string{`path={:path}, x-api-key={x-api-key}`, `path={:path}`}},
		{"seed, to the revision", seed, "http.8081", []string{`path={:path}, x-api-key={x-api-key}`, `path={:path}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			hosts := translated(t, c.manifests).routes[c.routes].GetVirtualHosts()
			if len(hosts) == 0 {
				t.Fatalf("no virtual hosts in %s", c.routes)
			}
			for _, host := range hosts {
				if diff := cmp.Diff(c.want, descriptors(host.GetRateLimits())); diff != "" {
					t.Errorf("descriptors of %s (-want +got):\n%s", host.GetName(), diff)
				}
			}
		})
	}
}

func TestClusters(t *testing.T) {
	plain, err := onOneMachine(translated(t, current), false)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range plain.GetStaticResources().GetClusters() {
		address := c.GetLoadAssignment().GetEndpoints()[0].GetLbEndpoints()[0].GetEndpoint().GetAddress().GetSocketAddress()
		got[c.GetName()] = fmt.Sprintf("%s:%d, options %d", address.GetAddress(), address.GetPortValue(), len(c.GetTypedExtensionProtocolOptions()))
	}
	want := map[string]string{
		localGateway: "knative-local-gateway.istio-system.svc.cluster.local:80, options 0",
		// Its one option is HTTP/2, from the name of the port.
		"outbound|8081||ratelimit.default.svc.cluster.local": "ratelimit.default.svc.cluster.local:8081, options 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clusters (-want +got):\n%s", diff)
	}
}

// The gateway's pod in the folder cluster stands for one that was patched.
func TestPodIsPatched(t *testing.T) {
	text, err := os.ReadFile("../gateway/stats-patch.yaml")
	if err != nil {
		t.Fatal(err)
	}
	patch, err := kyaml.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	want, err := patch.GetString("spec.template.metadata.annotations." + strings.ReplaceAll(annotation.ProxyConfig.Name, ".", `\.`))
	if err != nil {
		t.Fatal(err)
	}
	in, err := load(current, "cluster")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, in.annotations[annotation.ProxyConfig.Name]); diff != "" {
		t.Errorf("annotation %s (-stats-patch.yaml +cluster/istio.yaml):\n%s", annotation.ProxyConfig.Name, diff)
	}
}

func translated(t *testing.T, manifests string) translation {
	t.Helper()
	in, err := load(manifests, "cluster")
	if err != nil {
		t.Fatal(err)
	}
	full, err := translate(in)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

func filtersOn(t *testing.T, listeners []*listenerv3.Listener, port uint32) []*hcmv3.HttpFilter {
	t.Helper()
	var filters []*hcmv3.HttpFilter
	for _, l := range listeners {
		if listenerPort(l) != port {
			continue
		}
		err := eachConnectionManager(l, func(manager *hcmv3.HttpConnectionManager) error {
			filters = append(filters, manager.GetHttpFilters()...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(filters) == 0 {
		t.Fatalf("no HTTP filters on port %d", port)
	}
	return filters
}

// find reads the configuration of the one filter that has config's type into config.
func find(t *testing.T, filters []*hcmv3.HttpFilter, config proto.Message) {
	t.Helper()
	found := 0
	for _, filter := range filters {
		if !filter.GetTypedConfig().MessageIs(config) {
			continue
		}
		found++
		if err := filter.GetTypedConfig().UnmarshalTo(config); err != nil {
			t.Fatal(err)
		}
	}
	if found != 1 {
		t.Fatalf("%d filters are %s, want 1", found, config.ProtoReflect().Descriptor().FullName())
	}
}

func permissions(all []*rbacv3.Permission) []string {
	var out []string
	for _, p := range all {
		out = append(out, permissions(p.GetAndRules().GetRules())...)
		out = append(out, permissions(p.GetOrRules().GetRules())...)
		if path := p.GetUrlPath(); path != nil {
			out = append(out, "path "+path.GetPath().GetExact())
		}
		if h := p.GetHeader(); h != nil {
			out = append(out, h.GetName()+" "+h.GetStringMatch().GetExact())
		}
	}
	return out
}

func principals(all []*rbacv3.Principal) []string {
	var out []string
	for _, p := range all {
		out = append(out, principals(p.GetAndIds().GetIds())...)
		out = append(out, principals(p.GetOrIds().GetIds())...)
		if h := p.GetHeader(); h != nil {
			out = append(out, h.GetName()+" "+h.GetStringMatch().GetExact())
		}
	}
	return out
}

// descriptors writes each set of actions on a line: KEY={HEADER}, or KEY=<NAME> for the expression with the name.
func descriptors(limits []*routev3.RateLimit) []string {
	var out []string
	for _, limit := range limits {
		var entries []string
		for _, action := range limit.GetActions() {
			entries = append(entries, entry(action))
		}
		out = append(out, strings.Join(entries, ", "))
	}
	return out
}

func entry(action *routev3.RateLimit_Action) string {
	if h := action.GetRequestHeaders(); h != nil {
		return fmt.Sprintf("%s={%s}", h.GetDescriptorKey(), h.GetHeaderName())
	}
	expression := &exprv3.Descriptor{}
	if err := action.GetExtension().GetTypedConfig().UnmarshalTo(expression); err != nil {
		return fmt.Sprintf("unexpected %s", action)
	}
	return fmt.Sprintf("%s=<%s>", expression.GetDescriptorKey(), action.GetExtension().GetName())
}
