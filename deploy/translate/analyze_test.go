package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// TestAnalyzersFindNothing runs the analyzers of `istioctl analyze` on the manifests,
// with the pods that their controllers would create, and the cluster's own objects.
func TestAnalyzersFindNothing(t *testing.T) {
	for _, manifests := range []string{current, "../production", "../runtime"} {
		if diff := cmp.Diff([]string(nil), analyze(t, manifests)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", manifests, diff)
		}
	}
	if found := analyze(t, seed); !slices.ContainsFunc(found, func(line string) bool { return strings.Contains(line, "IST0135") }) {
		t.Errorf("the seed's annotation sidecar.istio.io/inject is not found: %q", found)
	}
}

func analyze(t *testing.T, manifests string) []string {
	t.Helper()
	if err := quiet(); err != nil {
		t.Fatal(err)
	}
	analyzer := local.NewIstiodAnalyzer(analyzers.AllCombined(), "", "istio-system", nil)
	readers := []local.ReaderSource{{Name: "namespaces", Reader: strings.NewReader(namespaces)}, {Name: manifests, Reader: strings.NewReader(withPods(t, manifests))}}
	for _, file := range []string{"istio.yaml", "knative.yaml", "kserve.yaml"} {
		text, err := os.ReadFile(filepath.Join("cluster", file))
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, local.ReaderSource{Name: file, Reader: strings.NewReader(string(text))})
	}
	// Every EnvoyFilter has the warning that it depends on Envoy's own configuration.
	analyzer.SetSuppressions([]local.AnalysisSuppression{{Code: "IST0133", ResourceName: "EnvoyFilter *"}})
	// The one for tests also takes Pods, which a file does not have otherwise.
	if err := analyzer.AddTestReaderKubeSource(readers); err != nil {
		t.Fatal(err)
	}
	result, err := analyzer.Analyze(t.Context().Done())
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, message := range result.Messages {
		found = append(found, message.String())
	}
	return found
}

// namespaces are those of the objects. KServe's installation script turns off the
// injection of sidecars.
const namespaces = `
apiVersion: v1
kind: Namespace
metadata: {name: default, labels: {istio-injection: disabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: istio-system, labels: {istio-injection: disabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: knative-serving, labels: {istio-injection: disabled}}
`

// withPods returns the objects of a kustomization, and a pod for each workload.
func withPods(t *testing.T, manifests string) string {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), manifests)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, object := range built.Resources() {
		if object.GetNamespace() == "" {
			if err := object.SetNamespace("default"); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, object.MustYaml())
		if pod := podOf(t, &object.RNode); pod != "" {
			all = append(all, pod)
		}
	}
	return strings.Join(all, "\n---\n")
}

// podOf returns a pod of a workload, or "". KServe gives a pod the labels and the
// annotations of its InferenceService.
func podOf(t *testing.T, object *kyaml.RNode) string {
	t.Helper()
	metadata, spec := []string{"spec", "template", "metadata"}, []string{"spec", "template", "spec"}
	switch object.GetKind() {
	case "InferenceService":
		metadata, spec = []string{"metadata"}, []string{"spec", "predictor"}
	case "Deployment", "StatefulSet", "Job":
	default:
		return ""
	}
	pod := kyaml.MustParse("apiVersion: v1\nkind: Pod\nmetadata: {}\nspec: {}\n")
	for field, path := range map[string][]string{"metadata": metadata, "spec": spec} {
		value, err := object.Pipe(kyaml.Lookup(path...))
		if err == nil {
			err = pod.PipeE(kyaml.SetField(field, value.Copy()))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := pod.SetName(object.GetName() + "-0"); err != nil {
		t.Fatal(err)
	}
	if err := pod.SetNamespace(object.GetNamespace()); err != nil {
		t.Fatal(err)
	}
	return pod.MustString()
}
