package conform

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/moodring/moodring/dashgen/internal/board"
)

// TestPrometheusRule checks that prometheus-operator's types have every field, and
// that the object holds the rules of the rule file.
func TestPrometheusRule(t *testing.T) {
	var object monitoring.PrometheusRule
	if err := yaml.UnmarshalStrict(file(t, "prometheus-operator.yaml"), &object); err != nil {
		t.Fatal(err)
	}
	var rules monitoring.PrometheusRuleSpec
	if err := yaml.UnmarshalStrict(file(t, "prometheus-rules.yaml"), &rules); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rules, object.Spec); diff != "" {
		t.Errorf("-file +object:\n%s", diff)
	}
	if object.APIVersion != "monitoring.coreos.com/v1" || object.Kind != monitoring.PrometheusRuleKind || object.Name == "" {
		t.Errorf("got %s %s %q", object.APIVersion, object.Kind, object.Name)
	}
}

// TestIstioPatch checks that the two keys of the ConfigMap hold all rules.
func TestIstioPatch(t *testing.T) {
	var patch core.ConfigMap
	if err := yaml.UnmarshalStrict(file(t, "prometheus-istio-patch.yaml"), &patch); err != nil {
		t.Fatal(err)
	}
	var want, got monitoring.PrometheusRuleSpec
	if err := yaml.UnmarshalStrict(file(t, "prometheus-rules.yaml"), &want); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"recording_rules.yml", "alerting_rules.yml"} {
		var part monitoring.PrometheusRuleSpec
		if err := yaml.UnmarshalStrict([]byte(patch.Data[key]), &part); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		got.Groups = append(got.Groups, part.Groups...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func build(t *testing.T, folder string) resmap.ResMap {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

func configMaps(t *testing.T, built resmap.ResMap) map[string]core.ConfigMap {
	t.Helper()
	all := map[string]core.ConfigMap{}
	for _, resource := range built.Resources() {
		if resource.GetKind() != "ConfigMap" {
			continue
		}
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		var object core.ConfigMap
		if err := yaml.UnmarshalStrict(text, &object); err != nil {
			t.Fatal(err)
		}
		all[object.Name] = object
	}
	return all
}

// lastApplied limits kubectl apply's annotation, which holds the whole object. It
// is the limit for all annotations of an object (apimachinery,
// TotalAnnotationSizeLimitB).
const lastApplied = 256 << 10

// TestConfigMaps checks that each dashboard is in a ConfigMap, byte for byte, with
// the label that the sidecar looks for, and small enough for kubectl apply.
func TestConfigMaps(t *testing.T) {
	for _, folder := range []string{"../../dashboards", "../../deploy/dashboards"} {
		t.Run(folder, func(t *testing.T) {
			maps := configMaps(t, build(t, folder))
			for _, b := range board.All().Boards {
				object, key := maps["moodring-"+b.File], b.File+".json"
				if object.Labels["grafana_dashboard"] != "1" || !bytes.Equal([]byte(object.Data[key]), file(t, key)) {
					t.Errorf("board %s: no label, or other bytes: %v", b.File, object.Labels)
				}
				text, err := json.Marshal(object)
				if err != nil || len(text) > lastApplied*3/4 {
					t.Errorf("board %s: %d bytes, and three quarters of %d are safe: %v", b.File, len(text), lastApplied, err)
				}
			}
		})
	}
}

// grafanaDashboard holds the fields of grafana-operator's api/v1beta1 that dashgen
// writes. The operator's own module has too many dependencies.
type grafanaDashboard struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name   string            `json:"name"`
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		InstanceSelector struct {
			MatchLabels map[string]string `json:"matchLabels"`
		} `json:"instanceSelector"`
		Folder       string                    `json:"folder"`
		ConfigMapRef core.ConfigMapKeySelector `json:"configMapRef"`
	} `json:"spec"`
}

// TestGrafanaOperator checks that each dashboard refers to an existing ConfigMap.
func TestGrafanaOperator(t *testing.T) {
	maps := configMaps(t, build(t, "../../dashboards"))
	documents := strings.Split(string(file(t, "grafana-operator.yaml")), "\n---\n")
	if len(documents) != len(board.All().Boards) {
		t.Errorf("got %d dashboards, want %d", len(documents), len(board.All().Boards))
	}
	for _, document := range documents {
		var object grafanaDashboard
		if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		ref := object.Spec.ConfigMapRef
		if maps[ref.Name].Data[ref.Key] == "" || object.Kind != "GrafanaDashboard" || object.Spec.Folder == "" || len(object.Spec.InstanceSelector.MatchLabels) == 0 {
			t.Errorf("%+v", object)
		}
	}
}

// TestIstioGrafana patches the Deployment of Istio's addon. Its volumes stay, every
// dashboard is mounted, and the provider has the path of the mount.
func TestIstioGrafana(t *testing.T) {
	maps := configMaps(t, build(t, "../../deploy/dashboards"))
	patch, err := yaml.YAMLToJSON([]byte(maps["moodring-grafana-patch"].Data["grafana-patch.yaml"]))
	if err != nil {
		t.Fatal(err)
	}
	before := addon()
	text, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := strategicpatch.StrategicMergePatch(text, patch, apps.Deployment{})
	if err != nil {
		t.Fatal(err)
	}
	var after apps.Deployment
	if err := yaml.UnmarshalStrict(patched, &after); err != nil {
		t.Fatal(err)
	}
	again, err := strategicpatch.StrategicMergePatch(patched, patch, apps.Deployment{})
	if err != nil || !bytes.Equal(patched, again) {
		t.Errorf("a second patch changes the Deployment: %v", err)
	}
	spec := after.Spec.Template.Spec
	for _, volume := range before.Spec.Template.Spec.Volumes {
		if !slices.ContainsFunc(spec.Volumes, func(v core.Volume) bool { return cmp.Equal(v, volume) }) {
			t.Errorf("volume %s is gone or changed", volume.Name)
		}
	}
	var mounted []string
	for _, volume := range spec.Volumes {
		if volume.Projected != nil {
			for _, source := range volume.Projected.Sources {
				mounted = append(mounted, source.ConfigMap.Name)
			}
		}
	}
	var want []string
	for _, b := range board.All().Boards {
		want = append(want, "moodring-"+b.File)
	}
	if diff := cmp.Diff(want, mounted); diff != "" {
		t.Errorf("mounted boards: -want +got:\n%s", diff)
	}
	provider := maps["moodring-grafana-provider"].Data["moodring.yaml"]
	for _, mount := range spec.Containers[0].VolumeMounts {
		if mount.Name == "moodring-dashboards" && !strings.Contains(provider, "path: "+mount.MountPath+"\n") {
			t.Errorf("mounted at %s, and the provider has another path:\n%s", mount.MountPath, provider)
		}
	}
}

// addon returns the Deployment of Istio's addon.
func addon() apps.Deployment {
	source := func(name string) core.VolumeSource {
		return core.VolumeSource{ConfigMap: &core.ConfigMapVolumeSource{LocalObjectReference: core.LocalObjectReference{Name: name}}}
	}
	var d apps.Deployment
	d.Name = "grafana"
	d.Spec.Template.Spec = core.PodSpec{
		Containers: []core.Container{{Name: "grafana", VolumeMounts: []core.VolumeMount{
			{Name: "config", MountPath: "/etc/grafana/grafana.ini", SubPath: "grafana.ini"},
			{Name: "storage", MountPath: "/var/lib/grafana"},
			{Name: "dashboards-istio", MountPath: "/var/lib/grafana/dashboards/istio"},
		}}},
		Volumes: []core.Volume{
			{Name: "config", VolumeSource: source("grafana")},
			{Name: "dashboards-istio", VolumeSource: source("istio-grafana-dashboards")},
			{Name: "storage", VolumeSource: core.VolumeSource{EmptyDir: &core.EmptyDirVolumeSource{}}},
		},
	}
	return d
}
