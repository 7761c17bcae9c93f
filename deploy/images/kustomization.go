package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// kustomization is a folder of deploy with the pushed images.
var kustomization = template.Must(template.New("kustomization").Parse(`# Written by make images: kubectl apply -k {{.Folder}}
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [{{.Resource}}]
images:
{{- range .Images}}
- {name: {{.Placeholder}}, newName: {{.Name}}, digest: "{{.Digest}}"}
{{- end}}
patches:
- target: {kind: WasmPlugin, name: moodring}
  patch: |-
    - {op: replace, path: /spec/url, value: "oci://{{.Plugin.Name}}@{{.Plugin.Digest}}"}
`))

// pushedImage is an image that the manifests name by a placeholder.
type pushedImage struct{ Placeholder, Name, Digest string }

// writeKustomizations writes the demo into --out, and production below. It gets the
// images' references by the names of their specs.
func (o options) writeKustomizations(references map[string]string) error {
	images := map[string]pushedImage{}
	for name, reference := range references {
		tagged, digest, _ := strings.Cut(reference, "@")
		images[name] = pushedImage{"moodring-" + name, strings.TrimSuffix(tagged, ":"+o.version), digest}
	}
	return errors.Join(
		writeKustomization(o.out, "deploy/demo", images),
		writeKustomization(filepath.Join(o.out, "production"), "deploy/production", images),
	)
}

// writeKustomization writes the kustomization of a resource into a folder.
func writeKustomization(folder, resource string, images map[string]pushedImage) error {
	below, err := relative(folder, resource)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	err = kustomization.Execute(&text, map[string]any{
		"Folder": folder, "Resource": below, "Images": []pushedImage{images["exporter"], images["modelserver"]}, "Plugin": images["plugin"],
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "kustomization.yaml"), text.Bytes(), 0o644)
}

// relative returns a resource relative to a kustomization's folder, as kustomize
// requires.
func relative(folder, resource string) (string, error) {
	folder, folderErr := filepath.Abs(folder)
	resource, err := filepath.Abs(resource)
	if err := errors.Join(folderErr, err); err != nil {
		return "", err
	}
	path, err := filepath.Rel(folder, resource)
	return filepath.ToSlash(path), err
}
