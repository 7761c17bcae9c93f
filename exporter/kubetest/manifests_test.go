package kubetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const manifests = "../../deploy/exporter"

// build returns the objects that a kustomization builds.
func build(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	must(t, err)
	text, err := built.AsYaml()
	must(t, err)
	return objects(t, text)
}

// objects returns the objects of a YAML stream.
func objects(t *testing.T, text []byte) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		object := new(unstructured.Unstructured)
		err := documents.Decode(object)
		if errors.Is(err, io.EOF) {
			return all
		}
		must(t, err)
		if len(object.Object) > 0 {
			all = append(all, object)
		}
	}
}

// withComponent writes a kustomization that adds a component of the manifests to a
// resource. The resource is a folder, or the text of an object.
func withComponent(t *testing.T, component, resource string) string {
	t.Helper()
	folder := t.TempDir()
	if strings.Contains(resource, "\n") {
		write(t, filepath.Join(folder, "resource.yaml"), resource)
		resource = "resource.yaml"
	} else {
		resource = relative(t, folder, resource)
	}
	write(t, filepath.Join(folder, "kustomization.yaml"), fmt.Sprintf(
		"namespace: %s\nresources: [%s]\ncomponents: [%s]\n", namespace, resource, relative(t, folder, filepath.Join(manifests, component))))
	return folder
}

// relative returns path relative to folder, as kustomize requires.
func relative(t *testing.T, folder, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	must(t, err)
	folder, err = filepath.EvalSymlinks(folder)
	must(t, err)
	name, err := filepath.Rel(folder, path)
	must(t, err)
	return name
}

// create creates the objects. Unknown fields are errors.
func (c *cluster) create(t *testing.T, objects []*unstructured.Unstructured, options metav1.CreateOptions) []*unstructured.Unstructured {
	t.Helper()
	options.FieldValidation = metav1.FieldValidationStrict
	client := dynamic.NewForConfigOrDie(c.config)
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.admin.Discovery()))
	var created []*unstructured.Unstructured
	for _, object := range objects {
		kind := object.GroupVersionKind()
		mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
		must(t, err)
		resource := dynamic.ResourceInterface(client.Resource(mapping.Resource))
		if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
			resource = client.Resource(mapping.Resource).Namespace(object.GetNamespace())
		}
		result, err := resource.Create(t.Context(), object, options)
		if err != nil {
			t.Fatalf("%s %s: %v", kind.Kind, object.GetName(), err)
		}
		created = append(created, result)
	}
	return created
}

// grantedVerbs returns the verbs that the Roles allow.
func grantedVerbs(t *testing.T, c *cluster) map[verb]bool {
	t.Helper()
	all := make(map[verb]bool)
	roles, err := c.admin.RbacV1().Roles(namespace).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, role := range roles.Items {
		if !strings.HasPrefix(role.Name, account) {
			continue
		}
		for _, rule := range role.Rules {
			maps.Copy(all, verbs(rule))
		}
	}
	return all
}

func verbs(rule rbacv1.PolicyRule) map[verb]bool {
	all := make(map[verb]bool)
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, v := range rule.Verbs {
				all[verb{group, resource, v}] = true
			}
		}
	}
	return all
}

// The API server accepts every field of the manifests of a single exporter, of
// sharded exporters and of a sidecar.
func testManifests(t *testing.T, c *cluster) {
	dryRun := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	one := kinds(c.create(t, build(t, manifests), dryRun))
	want := []string{"Deployment", "Role", "Role", "Role", "RoleBinding", "Service", "ServiceAccount"}
	if diff := cmp.Diff(want, one); diff != "" {
		t.Errorf("one exporter (-want +got):\n%s", diff)
	}

	sharded := c.create(t, build(t, withComponent(t, "sharded", manifests)), dryRun)
	set := find(t, sharded, "StatefulSet")
	replicas, _, err := unstructured.NestedInt64(set.Object, "spec", "replicas")
	must(t, err)
	if got, want := args(t, set), []any{fmt.Sprintf("--shard=auto/%d", replicas), "--kube", "--web.listen-address=:9847"}; !cmp.Equal(got, want) {
		t.Errorf("the sharded exporters have the arguments %v, want %v", got, want)
	}

	sidecar := c.create(t, build(t, withComponent(t, "sidecar", gateway)), dryRun)
	if got := args(t, find(t, sidecar, "Deployment"))[0]; got != "--gateway=$(POD_NAMESPACE)/$(POD_NAME)=http://127.0.0.1:15000" {
		t.Errorf("the sidecar's first argument is %s", got)
	}
}

const gateway = `apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-ingressgateway}
spec:
  selector: {matchLabels: {app: istio-ingressgateway}}
  template:
    metadata: {labels: {app: istio-ingressgateway}}
    spec: {containers: [{name: istio-proxy, image: auto}]}
`

func kinds(objects []*unstructured.Unstructured) []string {
	var all []string
	for _, object := range objects {
		all = append(all, object.GetKind())
	}
	return sorted(all)
}

func find(t *testing.T, objects []*unstructured.Unstructured, kind string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() == kind {
			return object
		}
	}
	t.Fatalf("no %s", kind)
	return nil
}

// args returns the arguments of the exporter's container.
func args(t *testing.T, object *unstructured.Unstructured) []any {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
	must(t, err)
	for _, container := range containers {
		if fields := container.(map[string]any); fields["image"] == "moodring-exporter" {
			return fields["args"].([]any)
		}
	}
	t.Fatal("no exporter among the containers")
	return nil
}
