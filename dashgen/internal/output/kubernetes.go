package output

import (
	"cmp"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

const written = "# Written by dashgen from the metric contract; do not edit.\n"

// partOf is a label of all objects, so that one selector lists and deletes them.
const partOf = "app.kubernetes.io/part-of"

const kustomizationComment = written + `# A ConfigMap for each dashboard, which Grafana's dashboard sidecar finds by its label: kubectl apply -k dashboards
# A Grafana without the sidecar can mount them: deploy/dashboards does this for Istio's addon.
`

// ConfigMap returns the name of a board's ConfigMap.
func ConfigMap(b board.Board) string { return "moodring-" + b.File }

// kustomization refers to the JSON files, so that each dashboard is stored once. The
// ConfigMaps' names have no hash, so that Grafana sees changes of a mounted ConfigMap.
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

const operatorComment = written + `# For grafana-operator 5: the dashboards from the ConfigMaps of kustomization.yaml, in the same namespace.
`

type meta struct {
	Name   string            `yaml:"name"`
	Labels map[string]string `yaml:"labels"`
}

func operatorDashboards(all board.Set, folder string) []any {
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
			spec{selector{map[string]string{"dashboards": "grafana"}}, cmp.Or(folder, Folder), reference{ConfigMap(b), b.File + ".json"}},
		})
	}
	return objects
}

// Folder is the title of the dashboards' folder in Grafana.
const Folder = "Moodring"

const istioComment = written + `# The rules for the Prometheus of Istio's addons. Its ConfigMap has these two keys, without rules:
#   kubectl -n istio-system patch configmap prometheus --patch-file prometheus-istio-patch.yaml
`

// istioPrometheus returns a patch for the ConfigMap in Istio's samples/addons
// prometheus.yaml. That Prometheus reads rules from both keys.
func istioPrometheus(all board.Set, w rules.Windows) ([]byte, error) {
	groups := rules.Groups(all, w)
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
