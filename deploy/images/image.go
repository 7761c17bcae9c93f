package main

import (
	"fmt"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/moodring/moodring/deploy/images/layer"
)

// platformImage is the image of one platform. The filter's image serves every platform.
type platformImage struct {
	platform string
	image    v1.Image
	sbom     []byte
}

// built is an image for all its platforms.
type built struct {
	spec   spec
	images []platformImage
}

func (o options) build(s spec) (built, error) {
	if s.isWasm {
		image, err := o.wasm(s)
		return built{s, []platformImage{{"", image, nil}}}, err
	}
	b := built{spec: s}
	for _, platform := range o.platforms {
		image, err := o.container(s, platform)
		if err != nil {
			return b, fmt.Errorf("%s: %w", platform, err)
		}
		b.images = append(b.images, image)
	}
	return b, nil
}

// container builds the image of one platform.
func (o options) container(s spec, platform string) (platformImage, error) {
	content, err := o.gather(s, platform)
	if err != nil {
		return platformImage{}, err
	}
	sbom, err := o.sbom(s, platform)
	if err != nil {
		return platformImage{}, err
	}
	content.Text("etc/passwd", "moodring:x:"+user+":"+user+":Moodring:/:/sbin/nologin\n")
	content.Text("usr/share/doc/moodring/sbom.cdx.json", string(sbom))
	image, err := o.image(content)
	if err != nil {
		return platformImage{}, err
	}
	system, architecture, _ := strings.Cut(platform, "/")
	config, err := image.ConfigFile()
	if err != nil {
		return platformImage{}, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = system, architecture, v1.Time{Time: o.created}
	config.Config = v1.Config{
		User: user + ":" + user, Entrypoint: s.entrypoint, Env: s.env, Labels: o.labels(s), ExposedPorts: map[string]struct{}{},
	}
	for _, port := range s.ports {
		config.Config.ExposedPorts[port] = struct{}{}
	}
	image, err = mutate.ConfigFile(image, config)
	return platformImage{platform, image, sbom}, err
}

// image returns an OCI image of one layer.
func (o options) image(content layer.Files) (v1.Image, error) {
	single, err := content.Layer(o.created)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	return mutate.Append(base, mutate.Addendum{Layer: single, History: v1.History{CreatedBy: "moodring/deploy/images", Created: v1.Time{Time: o.created}}})
}

// wasm builds the filter's image in the compat variant of the Wasm Image
// Specification (solo-io/wasm, spec/spec-compat.md), which Istio's agent and
// Envoy Gateway read: a layer with plugin.wasm at its root.
func (o options) wasm(s spec) (v1.Image, error) {
	content, err := o.gather(s, "")
	if err != nil {
		return nil, err
	}
	image, err := o.image(content)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "wasip1", "wasm", v1.Time{Time: o.created}
	config.Config.Labels = o.labels(s)
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return nil, err
	}
	annotated := map[string]string{"module.wasm.image/variant": "compat"}
	for key, value := range o.labels(s) {
		annotated[key] = value
	}
	return mutate.Annotations(image, annotated).(v1.Image), nil
}

// gather reads the files of an image from the stage.
func (o options) gather(s spec, platform string) (layer.Files, error) {
	content := layer.Files{}
	for _, f := range s.files {
		source := filepath.Join(o.dir(platform), f.source)
		if f.isCommon {
			source = filepath.Join(o.stage, "common", f.source)
		}
		if err := content.Add(source, f.target); err != nil {
			return nil, fmt.Errorf("%w; `make images` gathers the files", err)
		}
	}
	if !s.isWasm {
		if err := content.Add(filepath.Join(o.stage, "common", "doc"), "usr/share/doc/moodring"); err != nil {
			return nil, fmt.Errorf("%w; `make images` gathers the files", err)
		}
	}
	return content, nil
}

// labels returns the annotations that the OCI image specification predefines.
func (o options) labels(s spec) map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":       "moodring-" + s.name,
		"org.opencontainers.image.description": s.description,
		"org.opencontainers.image.version":     o.version,
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.created":     o.created.Format("2006-01-02T15:04:05Z"),
	}
	if o.revision != "" {
		labels["org.opencontainers.image.revision"] = o.revision
	}
	return labels
}
