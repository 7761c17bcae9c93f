package discovery

import (
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/exporter/internal/config"
)

// guess looks for all known kinds of gateways in a cluster.
func guess(t *testing.T, pods map[string][]string) (*testDiscovery, *logged) {
	t.Helper()
	d, log := newDiscovery(t), new(logged)
	d.Logger = slog.New(slog.NewTextHandler(log, nil))
	cfg, file := config.Default(), newAPIServer(t, pods).kubeconfig(t)
	for _, sd := range config.KnownGateways(nil, false) {
		sd.KubeconfigFile = file
		cfg.KubernetesSD = append(cfg.KubernetesSD, sd)
	}
	plan, err := NewPlan(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d.Apply(d.ctx, plan)
	return d, log
}

// The log says which kinds of gateways were found. An account without rights in the
// namespaces of the other kinds is no failure.
func TestKnownGatewaysAreFound(t *testing.T) {
	d, log := guess(t, map[string][]string{"istio-system": nil, "envoy-gateway-system": {"192.0.2.7"}})
	d.wait(t, `http://192.0.2.7:19001 {gateway="envoy-gateway-system/pod-0"}`)
	d.waitFor(t, "all kinds have reported", func() bool { return d.Up()["kubernetes"] })
	const found = "found gateways: looked for pods with app.kubernetes.io/managed-by=envoy-gateway,app.kubernetes.io/component=proxy in namespace envoy-gateway-system"
	if log.count(found) != 1 || log.count("found no gateways") != 0 || log.count("failed") != 0 || len(d.failed) != 0 {
		t.Errorf("the log is\n%s", log.text.String())
	}
}

// If no kind is found, one line says where all were looked for.
func TestNoKnownGateways(t *testing.T) {
	d, log := guess(t, map[string][]string{"istio-system": nil})
	d.waitFor(t, "all kinds have reported", func() bool { return d.Up()["kubernetes"] })
	const none = "found no gateways: looked for pods with app.kubernetes.io/managed-by=envoy-gateway,app.kubernetes.io/component=proxy in namespace envoy-gateway-system; " +
		"pods with app=envoy in namespace projectcontour; pods with app=istio-ingressgateway in namespace istio-system; " +
		"pods with gateway.istio.io/managed=istio.io-gateway-controller in all namespaces; pods with istio in (ingress, ingressgateway, gateway) in namespace istio-ingress"
	if log.count(none) != 1 || log.count("found no gateways") != 1 {
		t.Errorf("the log is\n%s", log.text.String())
	}
}

// The first kind needs its right, as the manifests give it.
func TestFirstKindNeedsRights(t *testing.T) {
	d, _ := guess(t, nil)
	if source := <-d.failed; source != "kubernetes" || d.Up()["kubernetes"] {
		t.Errorf("%s failed, up: %v", source, d.Up())
	}
}

// A pod that two entries find is one gateway.
func TestAPodThatTwoEntriesFind(t *testing.T) {
	a := newAPIServer(t, map[string][]string{"models": {"192.0.2.1"}})
	entry := "{kubeconfig_file: " + a.kubeconfig(t) + ", namespaces: {names: [models]}, label: "
	d := discover(t, "kubernetes_sd_configs: ["+entry+"a}, "+entry+"b}]")
	d.waitFor(t, "both have reported", func() bool { return d.Up()["kubernetes"] })
	d.wait(t, `http://192.0.2.1:15090 {gateway="models/pod-0"}`)
	if diff := cmp.Diff([]Dropped(nil), d.Dropped()); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}
