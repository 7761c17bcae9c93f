package manifests

import (
	"path/filepath"
	"slices"
	"strings"
)

// Modules are the folders of the modules that the objects come from.
type Modules struct {
	Istio, GatewayAPI, Serving, Networking, Caching, KServe string
}

// Image names of images.Catalog.
const (
	knativeImages = "moodring.local/knative/"
	kserveImage   = "moodring.local/kserve/manager:1"
)

// KnativeCRDs returns the definitions of Knative's kinds.
func (m Modules) KnativeCRDs() ([]Object, error) {
	return load(
		filepath.Join(m.Serving, "config/core/300-resources/*.yaml"),
		filepath.Join(m.Networking, "config/ingress.yaml"),
		filepath.Join(m.Networking, "config/serverlessservice.yaml"),
		filepath.Join(m.Networking, "config/certificate.yaml"),
		filepath.Join(m.Networking, "config/domain-claim.yaml"),
		filepath.Join(m.Caching, "config/image.yaml"),
	)
}

// Knative returns Knative Serving, and the objects of its Istio ingress, whose
// controller is replaced by deploy/cluster/tools/knative/ingress.
func (m Modules) Knative() ([]Object, error) {
	core := filepath.Join(m.Serving, "config/core")
	objects, err := load(
		core+"/100-namespace.yaml", core+"/200-roles/*.yaml", core+"/200-serviceaccount.yaml", core+"/configmaps/*.yaml",
		filepath.Join(m.Networking, "config/config-network.yaml"),
		core+"/deployments/*.yaml", core+"/webhooks/*.yaml",
	)
	if err != nil {
		return nil, err
	}
	ingress, err := load(filepath.Join(m.Serving, "third_party/istio-latest/net-istio.yaml"))
	if err != nil {
		return nil, err
	}
	for _, object := range ingress {
		if strings.Contains(object.name(), "webhook") {
			continue
		}
		if pod, ok := object.pod(); ok {
			replaceController(pod)
		}
		objects = append(objects, object)
	}
	objects = slices.DeleteFunc(objects, func(o Object) bool {
		return o.kind() == "HorizontalPodAutoscaler" || o.kind() == "PodDisruptionBudget"
	})
	for _, object := range objects {
		fitKnative(object)
	}
	return objects, nil
}

// replaceController runs our ingress in place of net-istio's controller.
func replaceController(pod Object) {
	for _, container := range pod.list("containers") {
		container["image"] = "ko://ingress"
		delete(container, "readinessProbe")
		delete(container, "livenessProbe")
	}
}

func fitKnative(object Object) {
	if pod, ok := object.pod(); ok {
		for _, container := range pod.list("containers") {
			container["image"] = built(container.text("image"))
			for _, variable := range container.list("env") {
				if value := variable.text("value"); value != "" {
					variable["value"] = built(value)
				}
			}
		}
		fit(pod)
	}
	if object.kind() != "ConfigMap" {
		return
	}
	for key, value := range knativeSettings()[object.name()] {
		object.child("data")[key] = value
	}
}

// built names the image of a program. Knative's own manifests name the program's
// package, as ko://knative.dev/serving/cmd/activator.
func built(name string) string {
	if !strings.HasPrefix(name, "ko://") {
		return name
	}
	return knativeImages + name[strings.LastIndexByte(name, '/')+1:] + ":1"
}

func knativeSettings() map[string]map[string]string {
	return map[string]map[string]string{
		"config-deployment": {
			"queue-sidecar-image": knativeImages + "queue:1",
			// No tag is resolved to a digest, because only the node's own registry exists.
			"registries-skipping-tag-resolving": "moodring.local,index.docker.io,docker.io,registry.example.com,ghcr.io",
			"queue-sidecar-cpu-request":         "1m",
			"queue-sidecar-memory-request":      "16Mi",
		},
		"config-domain":  {"example.com": ""},
		"config-network": {"ingress-class": "istio.ingress.networking.knative.dev"},
	}
}
