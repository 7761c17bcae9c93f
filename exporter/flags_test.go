package main

import (
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/exporter/internal/config"
)

// --kube adds an entry for each known kind of gateway to the file's. Only the first
// kind needs the right to look, unless the namespaces are given.
func TestKubeFlags(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "") // a test may itself run in a pod
	file := writeConfig(t, "kubernetes_sd_configs: [{port: 15020}]\n")
	port := config.KubernetesSD{Role: "pod", Label: "app=istio-ingressgateway", Port: 15020}
	entry := func(preset, label string, port int, mayBeForbidden bool, namespaces ...string) config.KubernetesSD {
		return config.KubernetesSD{
			Preset: preset, Role: "pod", Label: label, Port: port, PortForward: true, IsGuess: true, MayBeForbidden: mayBeForbidden,
			Namespaces: config.Namespaces{Names: namespaces},
		}
	}
	const envoyGateway, managed = "app.kubernetes.io/managed-by=envoy-gateway,app.kubernetes.io/component=proxy", "gateway.istio.io/managed=istio.io-gateway-controller"
	known := []config.KubernetesSD{
		entry("contour", "app=envoy", 8002, true, "projectcontour"),
		entry("envoy-gateway", envoyGateway, 19001, true, "envoy-gateway-system"),
		entry("istio", "app=istio-ingressgateway", 15000, false, "istio-system"),
		entry("istio-gateway-api", managed, 15000, true),
		entry("istio-helm", "istio in (ingress, ingressgateway, gateway)", 15000, true, "istio-ingress"),
	}
	inAB := slices.Clone(known)
	for i := range inAB {
		inAB[i].Namespaces.Names, inAB[i].MayBeForbidden = []string{"a", "b"}, false
	}
	for name, test := range map[string]struct {
		args []string
		want []config.KubernetesSD
	}{
		"alone":             {[]string{"--kube"}, known},
		"other namespaces":  {[]string{"--kube", "--kube.namespace=a", "--kube.namespace=b"}, inAB},
		"beside the file's": {[]string{"--kube", "--config.file", file}, append([]config.KubernetesSD{port}, known...)},
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
