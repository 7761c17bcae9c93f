package discovery

import (
	"fmt"
	"log/slog"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
)

// BenchmarkPods measures one change of a pod among a thousand, as in a rollout.
func BenchmarkPods(b *testing.B) {
	cfg, err := config.Parse([]byte(`
kubernetes_sd_configs: [{}]
relabel_configs:
- {source_labels: [__meta_kubernetes_pod_label_istio_io_rev], target_label: revision}
- {source_labels: [__meta_kubernetes_namespace], target_label: namespace}`))
	if err != nil {
		b.Fatal(err)
	}
	k := &kubeSource{KubernetesSD: cfg.KubernetesSD[0], role: roles()["pod"]}
	pods := cache.NewSharedIndexInformer(nil, new(corev1.Pod), 0, nil)
	for i := range 1000 {
		if err := pods.GetStore().Add(gatewayPod(i)); err != nil {
			b.Fatal(err)
		}
	}
	d := New(Options{Logger: slog.New(slog.DiscardHandler), Publish: func([]Target, bool) {}})
	d.plan, d.builder = new(Plan), newTargetBuilder(cfg.RelabelConfigs)
	s := newSource(namedDiscoverer{kind: contract.SourceKubernetes}, nil)
	d.sources = map[string]*source{"": s}
	i := 0
	for b.Loop() {
		if err := pods.GetStore().Update(gatewayPod(i % 1000)); err != nil {
			b.Fatal(err)
		}
		i++
		d.update("", s, k.list(pods))
	}
}

// gatewayPod returns a pod like those of Istio's gateway.
func gatewayPod(i int) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "istio-system", Name: fmt.Sprintf("istio-ingressgateway-7d8f9c6b5-%05d", i), UID: types.UID(fmt.Sprint(i)),
			Labels: map[string]string{
				"app": "istio-ingressgateway", "istio": "ingressgateway", "istio.io/rev": "default", "chart": "gateways", "heritage": "Tiller",
				"pod-template-hash": "7d8f9c6b5", "service.istio.io/canonical-name": "istio-ingressgateway", "sidecar.istio.io/inject": "false",
			},
			Annotations: map[string]string{"prometheus.io/port": "15020", "prometheus.io/scrape": "true", "prometheus.io/path": "/stats/prometheus"},
		},
		Spec:   corev1.PodSpec{NodeName: "node"},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: fmt.Sprintf("10.0.%d.%d", i/250, i%250)},
	}
}
