package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// names are the images' names in the registry, by digest: exporter, modelserver and
// plugin.
type names map[string]string

// names reads the digests of the images that were built.
func (o options) names() (names, error) {
	all := names{}
	for _, image := range []string{"exporter", "modelserver", "plugin"} {
		digest, err := o.digest(image)
		if err != nil {
			return nil, fmt.Errorf("image %s: %w; `make release` builds the images", image, err)
		}
		all[image] = o.registry + "/moodring-" + image + "@" + digest
	}
	return all, nil
}

// digest returns the digest that an image has once it is pushed: of the index of all
// platforms, or of the filter's manifest.
func (o options) digest(image string) (string, error) {
	index, err := layout.ImageIndexFromPath(filepath.Join(o.images, image))
	if err != nil {
		return "", err
	}
	manifest, manifestErr := index.IndexManifest()
	digest, err := index.Digest()
	if err := errors.Join(manifestErr, err); err != nil {
		return "", err
	}
	if image == "plugin" {
		return manifest.Manifests[0].Digest.String(), nil
	}
	return digest.String(), nil
}

// manifests returns the demo's objects with the images' names.
func (o options) manifests(images names) ([]byte, error) {
	text, err := o.build("demo", images)
	if err != nil {
		return nil, err
	}
	comment := fmt.Sprintf("# Moodring %s: kubectl apply -f moodring-%[1]s.yaml\n# deploy/README.md says what the cluster needs.\n", o.version)
	return append([]byte(comment), text...), nil
}

// kustomization is the part of kustomize's file that is used here.
type kustomization struct {
	Resources []string         `json:"resources"`
	Labels    []map[string]any `json:"labels"`
	Images    []map[string]any `json:"images,omitempty"`
	Patches   []map[string]any `json:"patches,omitempty"`
}

// build returns the objects of a folder of deploy, with the images' names.
func (o options) build(folder string, images names) (text []byte, err error) {
	overlay, err := os.MkdirTemp("", "moodring-release")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(overlay)) }()
	resource, err := relative(overlay, filepath.Join(o.root, "deploy", folder))
	if err != nil {
		return nil, err
	}
	k := kustomization{
		Resources: []string{resource},
		Labels:    []map[string]any{{"pairs": map[string]string{"app.kubernetes.io/part-of": "moodring"}}},
	}
	for _, image := range []string{"exporter", "modelserver"} {
		name, digest, _ := strings.Cut(images[image], "@")
		k.Images = append(k.Images, map[string]any{"name": "moodring-" + image, "newName": name, "digest": digest})
	}
	if folder == "demo" || folder == "plugin" {
		k.Patches = []map[string]any{{
			"target": map[string]string{"kind": "WasmPlugin", "name": "moodring"},
			"patch":  fmt.Sprintf(`[{"op": "replace", "path": "/spec/url", "value": "oci://%s"}]`, images["plugin"]),
		}}
	}
	file, err := yaml.Marshal(k)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), file, 0o600); err != nil {
		return nil, err
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), overlay)
	if err != nil {
		return nil, fmt.Errorf("deploy/%s: %w", folder, err)
	}
	return built.AsYaml()
}

// relative returns path relative to folder, as kustomize requires.
func relative(folder, path string) (string, error) {
	path, pathErr := filepath.Abs(path)
	folder, err := filepath.EvalSymlinks(folder)
	if err := errors.Join(pathErr, err); err != nil {
		return "", err
	}
	return filepath.Rel(folder, path)
}
