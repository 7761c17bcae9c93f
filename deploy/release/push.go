package main

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Media types of a chart in a registry (https://helm.sh/docs/topics/registries).
const (
	chartConfig types.MediaType = "application/vnd.cncf.helm.config.v1+json"
	chartLayer  types.MediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

// push pushes the chart to REGISTRY/moodring:VERSION, and returns its name and
// digest. Helm wants the chart's name at the end.
func (o options) push(chart []byte) (string, error) {
	var settings []name.Option
	if o.isInsecure {
		settings = append(settings, name.Insecure)
	}
	ref, err := name.NewTag(o.registry+"/moodring:"+o.version, settings...)
	if err != nil {
		return "", err
	}
	image, err := o.artifact(chart)
	if err != nil {
		return "", err
	}
	if err := remote.Write(ref, image, remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return "", err
	}
	digest, err := image.Digest()
	return "oci://" + ref.String() + "@" + digest.String(), err
}

// artifact returns the chart as an image with one layer, and the chart's metadata in
// place of a container's configuration.
func (o options) artifact(chart []byte) (v1.Image, error) {
	config, err := json.Marshal(map[string]string{"apiVersion": "v2", "name": "moodring", "version": o.version})
	if err != nil {
		return nil, err
	}
	a := artifact{config: static.NewLayer(config, chartConfig), layer: static.NewLayer(chart, chartLayer)}
	describedConfig, configErr := partial.Descriptor(a.config)
	describedLayer, err := partial.Descriptor(a.layer)
	if err := errors.Join(configErr, err); err != nil {
		return nil, err
	}
	a.manifest = v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: *describedConfig, Layers: []v1.Descriptor{*describedLayer},
	}
	return partial.CompressedToImage(a)
}

// artifact implements partial.CompressedImageCore.
type artifact struct {
	config, layer v1.Layer
	manifest      v1.Manifest
}

func (a artifact) RawConfigFile() ([]byte, error) {
	text, err := a.config.Compressed() // as it is: the layer is not compressed
	if err != nil {
		return nil, err
	}
	return io.ReadAll(text)
}

func (a artifact) MediaType() (types.MediaType, error) { return a.manifest.MediaType, nil }

func (a artifact) RawManifest() ([]byte, error) { return json.Marshal(a.manifest) }

func (a artifact) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	if digest == a.manifest.Config.Digest {
		return a.config, nil
	}
	return a.layer, nil
}
