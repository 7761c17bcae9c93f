package kubetest

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	promkube "github.com/prometheus/prometheus/discovery/kubernetes"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

// testLabels compares the labels before relabelling with the labels of
// Prometheus's own discovery, for the targets in the cluster.
func testLabels(t *testing.T, c *cluster, role promkube.Role) {
	t.Helper()
	want := prometheusLabels(t, c, role)
	d := discover(t, c, `
kubernetes_sd_configs: [{role: `+string(role)+`, kubeconfig_file: KUBECONFIG, namespaces: {names: [istio-system]}}]
relabel_configs: [{regex: __(meta_kubernetes_.*), action: labelmap}]`)
	list := next(t, d.lists)
	for len(list) == 0 {
		list = next(t, d.lists)
	}
	for _, target := range list {
		name := target.Labels.Get("gateway")
		got := target.Labels.Map()
		delete(got, "gateway")
		if diff := gocmp.Diff(want[name], got); diff != "" || len(got) < 5 {
			t.Errorf("%s's labels (-Prometheus +ours):\n%s", name, diff)
		}
	}
}

// prometheusLabels returns the labels of Prometheus's targets, by the gateway label
// that the exporter gives to the same target. Labels of containers and ports are
// left out, because the exporter has a single target for each pod.
func prometheusLabels(t *testing.T, c *cluster, role promkube.Role) map[string]map[string]string {
	t.Helper()
	cfg := promkube.DefaultSDConfig
	cfg.Role = role
	cfg.KubeConfig = c.adminKubeconfig(t) // Prometheus watches more resources than the exporter
	cfg.NamespaceDiscovery.Names = []string{namespace}
	registry := prometheus.NewRegistry()
	d, err := cfg.NewDiscoverer(discovery.DiscovererOptions{
		Logger:  slog.New(slog.DiscardHandler),
		Metrics: cfg.NewDiscovererMetrics(registry, discovery.NewRefreshMetrics(registry)),
	})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	groups, done := make(chan []*targetgroup.Group), make(chan struct{})
	go func() {
		defer close(done)
		d.Run(ctx, groups)
	}()
	all := make(map[string]map[string]string)
	for len(all) < 2 { // the cluster has two gateways
		for _, group := range next(t, groups) {
			for _, target := range group.Targets {
				set := withoutPorts(group.Labels.Merge(target))
				host, _, err := net.SplitHostPort(string(target[model.AddressLabel]))
				if err != nil {
					host = string(target[model.AddressLabel]) // a pod without ports
				}
				name := cmp.Or(set["meta_kubernetes_pod_name"], set["meta_kubernetes_endpointslice_address_target_name"], host)
				all[namespace+"/"+name] = set
			}
		}
	}
	stop()
	<-done
	return all
}

func withoutPorts(labels model.LabelSet) map[string]string {
	set := make(map[string]string)
	for name, value := range labels {
		isOther := strings.Contains(string(name), "_pod_container_") || strings.Contains(string(name), "_endpointslice_port")
		if strings.HasPrefix(string(name), model.MetaLabelPrefix) && !isOther && value != "" {
			set[strings.TrimPrefix(string(name), "__")] = string(value)
		}
	}
	return set
}
