package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"istio.io/api/mesh/v1alpha1"
	networking "istio.io/api/networking/v1alpha3"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/xds"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// input holds the objects that a control plane reads from a cluster.
type input struct {
	mesh *v1alpha1.MeshConfig
	// configs are the objects of Istio's own API groups, checked by Istio's validation.
	configs []config.Config
	// kubernetes is a YAML stream of the Services and Pods.
	kubernetes string
	// annotations of the gateway's pod.
	annotations map[string]string
}

// load builds the kustomization in manifests and adds every *.yaml file of the folder cluster. mesh.yaml is the mesh
// configuration; the other files hold Kubernetes objects.
func load(manifests, cluster string) (input, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), manifests)
	if err != nil {
		return input{}, fmt.Errorf("building the manifests in %s: %w", manifests, err)
	}
	text, err := built.AsYaml()
	if err != nil {
		return input{}, fmt.Errorf("printing the manifests in %s: %w", manifests, err)
	}
	meshConfig, rest, err := loadCluster(cluster)
	if err != nil {
		return input{}, err
	}
	in, err := sortByReader(string(text) + "\n---\n" + rest)
	if err != nil {
		return input{}, fmt.Errorf("reading the manifests in %s with %s: %w", manifests, cluster, err)
	}
	in.mesh = meshConfig
	return in, nil
}

func loadCluster(folder string) (*v1alpha1.MeshConfig, string, error) {
	meshConfig, err := mesh.ReadMeshConfig(filepath.Join(folder, "mesh.yaml"))
	if err != nil {
		return nil, "", fmt.Errorf("reading the mesh configuration: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, "", err
	}
	var texts []string
	for _, file := range files {
		if filepath.Base(file) == "mesh.yaml" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, "", err
		}
		texts = append(texts, string(text))
	}
	return meshConfig, strings.Join(texts, "\n---\n"), nil
}

// sortByReader splits a YAML stream into the objects for Istio's config store and the objects for its service registry.
// It drops Deployments, the InferenceService and other objects: the folder cluster holds the objects that their
// controllers would create.
func sortByReader(stream string) (input, error) {
	var istio, kubernetes []string
	var annotations map[string]string
	for i, document := range strings.Split(stream, "\n---\n") {
		node, err := kyaml.Parse(document)
		if err != nil {
			return input{}, fmt.Errorf("object %d: %w", i+1, err)
		}
		if node.IsNilOrEmpty() {
			continue
		}
		group, _, _ := strings.Cut(node.GetApiVersion(), "/")
		switch kind := node.GetKind(); {
		case strings.HasSuffix(group, ".istio.io"):
			istio = append(istio, document)
		case kind == "Service" || kind == "Pod":
			text, err := inNamespace(node)
			if err != nil {
				return input{}, fmt.Errorf("%s %s: %w", kind, node.GetName(), err)
			}
			kubernetes = append(kubernetes, text)
			if kind == "Pod" && node.GetName() == gatewayName {
				annotations = node.GetAnnotations()
			}
		}
	}
	configs, unknown, err := crd.ParseInputs(strings.Join(istio, "\n---\n"))
	if err != nil {
		return input{}, err
	}
	if len(unknown) > 0 {
		return input{}, fmt.Errorf("%s %s: this version of Istio does not know the kind", unknown[0].Kind, unknown[0].Name)
	}
	in := input{configs: configs, kubernetes: strings.Join(kubernetes, "\n---\n"), annotations: annotations}
	return in, checkPatches(configs)
}

// checkPatches returns an error for a field that Envoy does not know in the value of an EnvoyFilter. Istio itself only
// logs a warning and drops the field.
func checkPatches(configs []config.Config) error {
	for _, c := range configs {
		filter, ok := c.Spec.(*networking.EnvoyFilter)
		if !ok {
			continue
		}
		for i, patch := range filter.GetConfigPatches() {
			if _, err := xds.BuildXDSObjectFromStruct(patch.GetApplyTo(), patch.GetPatch().GetValue(), true); err != nil {
				return fmt.Errorf("EnvoyFilter %s, patch %d: %w", c.Name, i+1, err)
			}
		}
	}
	return nil
}

// inNamespace sets the namespace default on an object without a namespace, as kubectl does.
func inNamespace(node *kyaml.RNode) (string, error) {
	if node.GetNamespace() == "" {
		if err := node.SetNamespace("default"); err != nil {
			return "", err
		}
	}
	return node.String()
}
