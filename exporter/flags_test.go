package main

import (
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/exporter/internal/config"
)

// --kube is short for an entry of kubernetes_sd_configs, and is added to the file's.
func TestKubeFlags(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "") // a test may itself run in a pod
	file := writeConfig(t, "kubernetes_sd_configs: [{port: 15020}]\n")
	port := config.KubernetesSD{Role: "pod", Label: "app=istio-ingressgateway", Port: 15020}
	gateways := func(namespaces ...string) config.KubernetesSD {
		return config.KubernetesSD{
			Role: "pod", Label: "app=istio-ingressgateway", Port: 15000, PortForward: true, Namespaces: config.Namespaces{Names: namespaces},
		}
	}
	for name, test := range map[string]struct {
		args []string
		want []config.KubernetesSD
	}{
		"alone":             {[]string{"--kube"}, []config.KubernetesSD{gateways("istio-system")}},
		"other namespaces":  {[]string{"--kube", "--kube.namespace=a", "--kube.namespace=b"}, []config.KubernetesSD{gateways("a", "b")}},
		"beside the file's": {[]string{"--kube", "--config.file", file}, []config.KubernetesSD{port, gateways("istio-system")}},
	} {
		t.Run(name, func(t *testing.T) {
			_, f, err := parseFlags(test.args, io.Discard, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := f.configuration()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, cfg.KubernetesSD); diff != "" {
				t.Errorf("kubernetes_sd_configs (-want +got):\n%s", diff)
			}
		})
	}
}
