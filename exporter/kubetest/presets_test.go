package kubetest

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A namespace in which the account has no rights does not hide the gateways of the
// others.
func testForbiddenNamespace(t *testing.T, c *cluster) {
	c.runPod(t, "a", "192.0.2.10")
	d := discover(t, c, "kubernetes_sd_configs: [{kubeconfig_file: KUBECONFIG, namespaces: {names: [models, istio-system]}}]")
	d.wait(t, `http://192.0.2.10:15090 {gateway="istio-system/a"}`)
	if source := next(t, d.failed); source != "kubernetes" {
		t.Errorf("%s failed", source)
	}
	c.deletePod(t, "a")
	d.wait(t)
}

// Each preset finds the pods of its installation, with the labels that they have
// there, and no others.
func testPresets(t *testing.T, c *cluster) {
	installed := []struct {
		preset, namespace, ip, target string
		labels                        map[string]string
	}{
		{"istio", "istio-system", "192.0.2.1", "http://192.0.2.1:15090", map[string]string{"app": "istio-ingressgateway", "istio": "ingressgateway"}},
		{"istio-helm", "istio-ingress", "192.0.2.2", "http://192.0.2.2:15090", map[string]string{"app": "istio-ingress", "istio": "ingress"}},
		{"istio-gateway-api", "models", "192.0.2.3", "http://192.0.2.3:15090", map[string]string{
			"gateway.networking.k8s.io/gateway-name": "models", "gateway.istio.io/managed": "istio.io-gateway-controller"}},
		{"envoy-gateway", "envoy-gateway-system", "192.0.2.4", "http://192.0.2.4:19001", map[string]string{
			"app.kubernetes.io/name": "envoy", "app.kubernetes.io/component": "proxy", "app.kubernetes.io/managed-by": "envoy-gateway"}},
		{"contour", "projectcontour", "192.0.2.5", "http://192.0.2.5:8002", map[string]string{"app": "envoy"}},
		// Not gateways: a control plane, and a waypoint.
		{"", "istio-system", "192.0.2.6", "", map[string]string{"app": "istiod", "istio": "pilot"}},
		{"", "envoy-gateway-system", "192.0.2.7", "", map[string]string{"app.kubernetes.io/name": "gateway-helm", "control-plane": "envoy-gateway"}},
		{"", "models", "192.0.2.8", "", map[string]string{"gateway.networking.k8s.io/gateway-name": "waypoint", "gateway.istio.io/managed": "istio.io-mesh-controller"}},
	}
	for _, pod := range installed {
		c.createNamespace(t, pod.namespace)
		c.runPodIn(t, pod.namespace, "pod-"+strings.ReplaceAll(pod.ip, ".", "-"), pod.ip, pod.labels)
	}
	file := c.adminKubeconfig(t)
	for _, pod := range installed {
		if pod.preset != "" {
			d := discover(t, c, "kubernetes_sd_configs: [{preset: "+pod.preset+", kubeconfig_file: "+file+"}]")
			d.wait(t, pod.target+` {gateway="`+pod.namespace+"/pod-"+strings.ReplaceAll(pod.ip, ".", "-")+`"}`)
		}
	}
	for _, pod := range installed {
		must(t, c.admin.CoreV1().Pods(pod.namespace).Delete(t.Context(), "pod-"+strings.ReplaceAll(pod.ip, ".", "-"), metav1.DeleteOptions{GracePeriodSeconds: new(int64)}))
	}
}
