package manifests_test

import (
	"context"
	"strings"
	"testing"

	"github.com/moodring/moodring/deploy/cluster/internal/manifests"
	"github.com/moodring/moodring/deploy/cluster/internal/tools"
)

// modules finds the modules as the program does.
func modules(t *testing.T) manifests.Modules {
	t.Helper()
	builder := tools.Builder{Source: "../../tools"}
	find := func(in, path string) string {
		folder, err := builder.Module(context.Background(), in, path)
		if err != nil {
			t.Fatal(err)
		}
		return folder
	}
	return manifests.Modules{
		Istio: find("istio", "istio.io/istio"), GatewayAPI: find("istio", "sigs.k8s.io/gateway-api"),
		Serving: find("knative", "knative.dev/serving"), Networking: find("knative", "knative.dev/networking"),
		Caching: find("knative", "knative.dev/caching"), KServe: find("knative", "github.com/kserve/kserve"),
	}
}

// TestImages: every image that a manifest names is one that the cluster makes.
func TestImages(t *testing.T) {
	m := modules(t)
	for name, read := range map[string]func() ([]manifests.Object, error){
		"knative": m.Knative, "kserve": m.KServeController, "grafana": m.Grafana,
		"prometheus": func() ([]manifests.Object, error) { return m.Prometheus("groups: []") },
		"kiali":      func() ([]manifests.Object, error) { return m.Kiali("{}") },
	} {
		objects, err := read()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := manifests.Text(objects)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if strings.Contains(text, "ko://") {
			t.Errorf("%s names a package in place of an image", name)
		}
		for line := range strings.Lines(text) {
			_, image, ok := strings.Cut(strings.TrimSpace(line), "image: ")
			if ok && !strings.HasPrefix(image, "moodring.local/") && !made(image) {
				t.Errorf("%s: image %s", name, image)
			}
		}
	}
}

// made reports whether images.Catalog makes an image under the name that a manifest
// of Istio's uses.
func made(image string) bool {
	for _, name := range []string{"docker.io/prom/prometheus:v3.10.0", "docker.io/grafana/grafana:12.0.1", "quay.io/kiali/kiali:v2.27"} {
		if image == name {
			return true
		}
	}
	return false
}

func TestDefinitions(t *testing.T) {
	m := modules(t)
	for name, read := range map[string]func() ([]manifests.Object, error){"knative": m.KnativeCRDs, "kserve": m.KServeCRDs, "gateway": m.GatewayDefinitions} {
		objects, err := read()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, object := range objects {
			if object["kind"] != "CustomResourceDefinition" {
				t.Errorf("%s: %v", name, object["kind"])
			}
		}
	}
}
