package output

import (
	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

const written = "# Written by dashgen from the metric contract; do not edit.\n"

// partOf is on all objects, so that they can be listed and removed together.
const partOf = "app.kubernetes.io/part-of"

const kustomizationComment = written + `# A ConfigMap for each dashboard, which Grafana's dashboard sidecar finds by its label: kubectl apply -k dashboards
# A Grafana without the sidecar mounts them: deploy/dashboards does so for Istio's addon.
`

// ConfigMap is the name of the ConfigMap of a board.
func ConfigMap(b board.Board) string { return "moodring-" + b.File }

// kustomization leaves the JSON in its own files, so that each board is there
// once. The names have no hash: a mounted ConfigMap is then read anew in place.
func kustomization(all board.Set) any {
	type generator struct {
		Name  string   `yaml:"name"`
		Files []string `yaml:"files"`
	}
	var generators []generator
	for _, b := range all.Boards {
		generators = append(generators, generator{ConfigMap(b), []string{b.File + ".json"}})
	}
	return struct {
		APIVersion string      `yaml:"apiVersion"`
		Kind       string      `yaml:"kind"`
		Options    any         `yaml:"generatorOptions"`
		Generators []generator `yaml:"configMapGenerator"`
	}{
		"kustomize.config.k8s.io/v1beta1", "Kustomization",
		map[string]any{
			"disableNameSuffixHash": true,
			"labels":                map[string]string{"grafana_dashboard": "1", partOf: "moodring"},
		},
		generators,
	}
}

const operatorComment = written + `# For grafana-operator 5: the dashboards out of the ConfigMaps of kustomization.yaml, in the same namespace.
`

type meta struct {
	Name   string            `yaml:"name"`
	Labels map[string]string `yaml:"labels"`
}

func operatorDashboards(all board.Set) []any {
	type reference struct {
		Name string `yaml:"name"`
		Key  string `yaml:"key"`
	}
	type selector struct {
		Labels map[string]string `yaml:"matchLabels"`
	}
	type spec struct {
		Selector  selector  `yaml:"instanceSelector"`
		Folder    string    `yaml:"folder"`
		Reference reference `yaml:"configMapRef"`
	}
	type object struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Metadata   meta   `yaml:"metadata"`
		Spec       spec   `yaml:"spec"`
	}
	var objects []any
	for _, b := range all.Boards {
		objects = append(objects, object{
			"grafana.integreatly.org/v1beta1", "GrafanaDashboard",
			meta{b.UID, map[string]string{partOf: "moodring"}},
			spec{selector{map[string]string{"dashboards": "grafana"}}, Folder, reference{ConfigMap(b), b.File + ".json"}},
		})
	}
	return objects
}

// Folder is where in a Grafana the dashboards go.
const Folder = "Moodring"

const istioComment = written + `# The rules for the Prometheus of Istio's addons, whose ConfigMap has these two keys, empty:
#   kubectl -n istio-system patch configmap prometheus --patch-file prometheus-istio-patch.yaml
`

// istioPrometheus is a patch of the ConfigMap of Istio's samples/addons
// prometheus.yaml, which reads rules from both keys.
func istioPrometheus(all board.Set) ([]byte, error) {
	groups := rules.Groups(all, rules.Usual())
	data := map[string]string{}
	for i, key := range []string{"recording_rules.yml", "alerting_rules.yml"} {
		text, err := yamlOf("", map[string]any{"groups": groups[i : i+1]})
		if err != nil {
			return nil, err
		}
		data[key] = string(text)
	}
	return yamlOf(istioComment, map[string]any{"data": data})
}
