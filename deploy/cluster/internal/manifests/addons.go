package manifests

import (
	"path/filepath"
	"slices"
	"strings"
)

// Prometheus returns Istio's sample of a Prometheus, with a scrape every five seconds.
// Kiali draws its graph of a metric that the stock Envoy lacks. The rules in requests
// make the metric of the stock Envoy's statistics.
func (m Modules) Prometheus(requests string) ([]Object, error) {
	objects, err := m.addon("prometheus")
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if object.kind() == "ConfigMap" {
			data := object.child("data")
			settings := data.text("prometheus.yml")
			for _, setting := range [][2]string{
				{"scrape_interval: 15s", "scrape_interval: 5s"}, {"scrape_timeout: 10s", "scrape_timeout: 4s"}, {"evaluation_interval: 1m", "evaluation_interval: 5s"},
			} {
				settings = strings.Replace(settings, setting[0], setting[1], 1)
			}
			data["prometheus.yml"], data["rules"] = settings, requests
		}
		if pod, ok := object.pod(); ok {
			for _, container := range pod.list("containers") {
				if strings.Contains(container.text("image"), "config-reloader") {
					replaceReloader(container)
				}
			}
		}
	}
	return objects, nil
}

// replaceReloader runs this program in place of prometheus-config-reloader.
func replaceReloader(container Object) {
	container["image"] = OwnImage
	container["args"] = []any{"reload", "/etc/config", "http://127.0.0.1:9090/-/reload"}
	delete(container, "readinessProbe")
	delete(container, "livenessProbe")
}

// OwnImage is the image of this program.
const OwnImage = "moodring.local/cluster:1"

// Grafana returns Istio's sample of a Grafana. The image of its name is dashgen's
// preview, so Grafana's own probes do not fit.
func (m Modules) Grafana() ([]Object, error) {
	objects, err := m.addon("grafana")
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if pod, ok := object.pod(); ok {
			for _, container := range pod.list("containers") {
				container.child("readinessProbe", "httpGet")["path"] = "/"
				delete(container, "livenessProbe")
			}
		}
	}
	return objects, nil
}

// Kiali returns Istio's sample of Kiali, with the configuration of the older Kiali
// that is built here.
func (m Modules) Kiali(configuration string) ([]Object, error) {
	objects, err := m.addon("kiali")
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if object.kind() == "ConfigMap" {
			object.child("data")["config.yaml"] = configuration
		}
	}
	return objects, nil
}

// addon reads one of Istio's samples.
func (m Modules) addon(name string) ([]Object, error) {
	objects, err := load(filepath.Join(m.Istio, "samples/addons", name+".yaml"))
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if pod, ok := object.pod(); ok {
			fit(pod)
		}
	}
	return slices.DeleteFunc(objects, func(o Object) bool { return o.kind() == "NetworkPolicy" }), nil
}
