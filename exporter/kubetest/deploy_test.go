package kubetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

const deploy = "../../deploy"

// crds are the definitions of the kinds in the manifests, in the modules of those
// who define the kinds. No module defines Kiali's kind and grafana-operator's.
var crds = []struct {
	module, sum string
	files       []string
}{
	{"github.com/kserve/kserve@v0.15.2", "h1:uph7Umk331fvBMrHHpTJNDt6+lf3IAuyiskaQw8wIAk=", []string{
		"config/crd/full/serving.kserve.io_inferenceservices.yaml", "config/crd/full/serving.kserve.io_clusterservingruntimes.yaml",
	}},
	{"istio.io/api@v1.31.0-rc.0.0.20260824154656-b943409680a7", "h1:xAyXvpHQLGIMd5enneW/4zM3dwWRQ2HmiaG6DlhObds=", []string{
		"kubernetes/customresourcedefinitions.gen.yaml",
	}},
	{"github.com/prometheus-operator/prometheus-operator@v0.85.0", "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=", []string{
		"example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
		"example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
		"example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
	}},
	{"github.com/envoyproxy/gateway@v1.9.1", "h1:vAVp6/AlBXJ1aOhp1mxL7fNEzVEfjADUguUhm2wzxQY=", []string{
		"charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io_envoyextensionpolicies.yaml",
	}},
}

// TestDeploy runs all parts in order on the same cluster.
func TestDeploy(t *testing.T) {
	c := newCluster(t)
	c.installCRDs(t)
	for _, part := range []struct {
		name string
		test func(*testing.T, *cluster)
	}{
		{"unknown fields", testUnknownField},
		{"every manifest", testEveryManifest},
		{"restricted pods", testRestrictedPods},
		{"rights of the mount Job", testMountRights},
		{"Kiali's dashboard", testKiali},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, c) })
	}
}

// installCRDs creates the definitions, and waits until the API server serves them.
func (c *cluster) installCRDs(t *testing.T) {
	t.Helper()
	definitions := dynamic.NewForConfigOrDie(c.config).Resource(schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	})
	var names []string
	for _, source := range crds {
		folder := moduleFolder(t, source.module, source.sum)
		for _, file := range source.files {
			text, err := os.ReadFile(filepath.Join(folder, file))
			must(t, err)
			for _, definition := range objects(t, text) {
				_, err := definitions.Create(t.Context(), definition, metav1.CreateOptions{})
				must(t, err)
				names = append(names, definition.GetName())
			}
		}
	}
	deadline := time.Now().Add(timeout)
	for _, name := range names {
		for !isEstablished(t, definitions, name) {
			if time.Now().After(deadline) {
				t.Fatalf("the API server does not serve %s within %s", name, timeout)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

func isEstablished(t *testing.T, definitions dynamic.ResourceInterface, name string) bool {
	t.Helper()
	definition, err := definitions.Get(t.Context(), name, metav1.GetOptions{})
	must(t, err)
	conditions, _, err := unstructured.NestedSlice(definition.Object, "status", "conditions")
	must(t, err)
	return slices.ContainsFunc(conditions, func(condition any) bool {
		fields := condition.(map[string]any)
		return fields["type"] == "Established" && fields["status"] == "True"
	})
}

// moduleFolder returns the folder of a module in Go's module cache.
func moduleFolder(t *testing.T, module, sum string) string {
	t.Helper()
	download := exec.Command("go", "mod", "download", "-json", module)
	download.Dir = t.TempDir() // outside of any module
	out, err := download.Output()
	var found struct{ Dir, Sum, Error string }
	if jsonErr := json.Unmarshal(out, &found); jsonErr != nil || err != nil || found.Sum != sum {
		t.Fatalf("go mod download %s: %v %v %s, checksum %s, want %s", module, err, jsonErr, found.Error, found.Sum, sum)
	}
	return found.Dir
}

// everyManifest returns the objects of each folder and file that a user applies.
func everyManifest(t *testing.T) map[string][]*unstructured.Unstructured {
	t.Helper()
	all := map[string][]*unstructured.Unstructured{}
	for _, folder := range []string{deploy, deploy + "/demo", deploy + "/seed", deploy + "/production", deploy + "/runtime", deploy + "/monitors", deploy + "/rules", "../../dashboards"} {
		all[folder] = build(t, folder)
	}
	for _, file := range []string{
		deploy + "/runtime/example.yaml",
		deploy + "/plugin/examples/models.yaml",
		deploy + "/plugin/examples/serverless.yaml",
		deploy + "/plugin/examples/sidecar.yaml",
		deploy + "/plugin/examples/envoy-gateway.yaml",
		"../../dashboards/prometheus-operator.yaml",
	} {
		text, err := os.ReadFile(file)
		must(t, err)
		all[file] = objects(t, text)
	}
	for _, list := range all {
		for _, object := range list {
			if object.GetNamespace() == "" && object.GetKind() != "ClusterServingRuntime" {
				object.SetNamespace("default")
			}
			nameContainers(t, object)
		}
	}
	return all
}

// nameContainers does what KServe's webhook does before the API server's validation.
// The original demo has no name.
func nameContainers(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	containers, found, err := unstructured.NestedSlice(object.Object, "spec", "predictor", "containers")
	must(t, err)
	if found && containers[0].(map[string]any)["name"] == nil {
		containers[0].(map[string]any)["name"] = "kserve-container"
		must(t, unstructured.SetNestedSlice(object.Object, containers, "spec", "predictor", "containers"))
	}
}

// testEveryManifest: the API server knows every field of every manifest.
func testEveryManifest(t *testing.T, c *cluster) {
	for name, list := range everyManifest(t) {
		t.Run(name, func(t *testing.T) {
			created := c.create(t, list, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			if len(created) == 0 {
				t.Error("no objects")
			}
		})
	}
}

// testUnknownField: the API server refuses a field that a kind does not have, so
// that the test of the manifests finds one.
func testUnknownField(t *testing.T, c *cluster) {
	text, err := os.ReadFile(deploy + "/plugin/wasm-plugin.yaml")
	must(t, err)
	plugin := objects(t, bytes.Replace(text, []byte("failStrategy"), []byte("failureStrategy"), 1))[0]
	resource := schema.GroupVersionResource{Group: "extensions.istio.io", Version: "v1alpha1", Resource: "wasmplugins"}
	_, err = dynamic.NewForConfigOrDie(c.config).Resource(resource).Namespace(namespace).Create(t.Context(), plugin, metav1.CreateOptions{
		DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict,
	})
	if err == nil || !strings.Contains(err.Error(), `unknown field "spec.failureStrategy"`) {
		t.Errorf("a WasmPlugin with failureStrategy: %v", err)
	}
}

// testRestrictedPods creates the pods of every workload in a namespace that admits
// only restricted pods (https://kubernetes.io/docs/concepts/security/pod-security-standards).
func testRestrictedPods(t *testing.T, c *cluster) {
	restricted := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: "restricted", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	_, err := c.admin.CoreV1().Namespaces().Create(t.Context(), restricted, metav1.CreateOptions{})
	must(t, err)
	var names []string
	for _, folder := range []string{deploy, deploy + "/production", deploy + "/runtime"} {
		for _, object := range build(t, folder) {
			spec := podSpec(t, object)
			if spec == nil {
				continue
			}
			name := fmt.Sprintf("%s-%d", object.GetName(), len(names))
			names = append(names, object.GetName())
			_, err := c.admin.CoreV1().Pods("restricted").Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: *spec}, metav1.CreateOptions{})
			if err != nil {
				t.Errorf("%s: the pod of %s %s: %v", folder, object.GetKind(), object.GetName(), err)
			}
		}
	}
	want := []string{
		"bert-model", "bert-model", "moodring-dashboards", "moodring-exporter", "moodring-exporter", "moodring-text-classifier",
		"ratelimit", "ratelimit", "redis", "redis",
	}
	if diff := cmp.Diff(want, sorted(names)); diff != "" {
		t.Errorf("pods (-want +got):\n%s", diff)
	}
}

// podSpec returns the pod of a workload, or nil for another object. KServe adds more
// to the containers of an InferenceService and of a runtime.
func podSpec(t *testing.T, object *unstructured.Unstructured) *corev1.PodSpec {
	t.Helper()
	path := map[string][]string{
		"Deployment":            {"spec", "template", "spec"},
		"Job":                   {"spec", "template", "spec"},
		"InferenceService":      {"spec", "predictor"},
		"ClusterServingRuntime": {"spec"},
	}[object.GetKind()]
	if path == nil {
		return nil
	}
	fields, _, err := unstructured.NestedMap(object.Object, path...)
	must(t, err)
	if path[len(path)-1] != "spec" || object.GetKind() == "ClusterServingRuntime" {
		fields = map[string]any{"containers": fields["containers"]}
	}
	spec := new(corev1.PodSpec)
	must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(fields, spec))
	return spec
}

// testKiali: no module has the definition of Kiali's kind, so only the result of the
// component is tested.
func testKiali(t *testing.T, _ *cluster) {
	kiali := build(t, withComponent(t, "../kiali", "apiVersion: kiali.io/v1alpha1\nkind: Kiali\nmetadata: {name: mine}\nspec: {version: v2.27}\n"))[0]
	dashboards, _, err := unstructured.NestedSlice(kiali.Object, "spec", "custom_dashboards")
	must(t, err)
	if version, _, _ := unstructured.NestedString(kiali.Object, "spec", "version"); len(dashboards) != 1 || version != "v2.27" {
		t.Errorf("the Kiali has %d dashboards, version %s", len(dashboards), version)
	}
}

// testMountRights does what the Job's containers do, with the rights of the Job's
// account. After the last step the account may not patch Grafana any more.
func testMountRights(t *testing.T, c *cluster) {
	all := build(t, deploy+"/dashboards")
	c.create(t, slices.DeleteFunc(all, func(o *unstructured.Unstructured) bool {
		return !slices.Contains([]string{"ServiceAccount", "Role", "RoleBinding"}, o.GetKind())
	}), metav1.CreateOptions{})
	grafana := objects(t, []byte(strings.NewReplacer("istio-ingressgateway", "grafana", "istio-proxy", "grafana").Replace(gateway)))[0]
	grafana.SetNamespace(namespace)
	c.create(t, []*unstructured.Unstructured{grafana}, metav1.CreateOptions{})
	text, err := os.ReadFile(deploy + "/dashboards/grafana-patch.yaml")
	must(t, err)
	patch, err := yaml.YAMLToJSON(text)
	must(t, err)
	config := rest.CopyConfig(c.config)
	config.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + namespace + ":moodring-dashboards",
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}
	job := kubernetes.NewForConfigOrDie(config)
	mount := func() error {
		_, err := job.AppsV1().Deployments(namespace).Patch(t.Context(), "grafana", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
		return err
	}
	must(t, mount())
	must(t, job.RbacV1().RoleBindings(namespace).Delete(t.Context(), "moodring-dashboards", metav1.DeleteOptions{}))
	for deadline := time.Now().Add(timeout); !apierrors.IsForbidden(mount()); { // the authorizer's cache is behind for a moment
		if time.Now().After(deadline) {
			t.Fatalf("the account may still patch Grafana: %v", mount())
		}
	}
}
