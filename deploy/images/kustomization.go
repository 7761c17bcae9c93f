package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// kustomization is the demo with the pushed images.
var kustomization = template.Must(template.New("kustomization").Parse(`# Written by make images: kubectl apply -k {{.Folder}}
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [{{.Demo}}]
images:
{{- range .Images}}
- {name: {{.Placeholder}}, newName: {{.Name}}, digest: "{{.Digest}}"}
{{- end}}
patches:
- target: {kind: WasmPlugin, name: moodring}
  patch: |-
    - {op: replace, path: /spec/url, value: "oci://{{.Plugin.Name}}@{{.Plugin.Digest}}"}
`))

// pushedImage is an image that the demo names by a placeholder.
type pushedImage struct{ Placeholder, Name, Digest string }

// writeKustomization writes kustomization.yaml into --out. It gets the images'
// references by the names of their specs.
func (o options) writeKustomization(references map[string]string) error {
	images := map[string]pushedImage{}
	for name, reference := range references {
		tagged, digest, _ := strings.Cut(reference, "@")
		images[name] = pushedImage{"moodring-" + name, strings.TrimSuffix(tagged, ":"+o.version), digest}
	}
	demo, err := filepath.Rel(o.out, filepath.Join("deploy", "demo"))
	if err != nil {
		return err
	}
	var text bytes.Buffer
	err = kustomization.Execute(&text, map[string]any{
		"Folder": o.out, "Demo": filepath.ToSlash(demo), "Images": []pushedImage{images["exporter"], images["modelserver"]}, "Plugin": images["plugin"],
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.out, "kustomization.yaml"), text.Bytes(), 0o644)
}
