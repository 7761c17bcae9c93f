package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// store pushes an image or writes it into files, and returns the line to print:
// its reference and digest.
func (o options) store(b built) (string, error) {
	if o.registry != "" {
		return o.push(b)
	}
	return o.save(b)
}

// index returns the image index of all platforms.
func (b built) index() v1.ImageIndex {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, i := range b.images {
		system, architecture, _ := strings.Cut(i.platform, "/")
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: i.image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: system, Architecture: architecture}},
		})
	}
	return index
}

// push writes to the registry, with the credentials of the user's Docker
// configuration. The filter is a single manifest: Istio's agent reads no index.
func (o options) push(b built) (string, error) {
	var settings []name.Option
	if o.isInsecure {
		settings = append(settings, name.Insecure)
	}
	ref, err := name.NewTag(o.registry+"/moodring-"+b.spec.name+":"+o.version, settings...)
	if err != nil {
		return "", fmt.Errorf("--registry and --version make no image name: %w", err)
	}
	auth := remote.WithAuthFromKeychain(authn.DefaultKeychain)
	var digest v1.Hash
	if b.spec.isWasm {
		if err = remote.Write(ref, b.images[0].image, auth); err == nil {
			digest, err = b.images[0].image.Digest()
		}
	} else if err = remote.WriteIndex(ref, b.index(), auth); err == nil {
		digest, err = b.index().Digest()
	}
	if err != nil {
		return "", fmt.Errorf("pushing: %w", err)
	}
	return ref.String() + "@" + digest.String(), nil
}

// save writes an OCI layout, and for each platform an archive and the SBOM.
func (o options) save(b built) (string, error) {
	folder := filepath.Join(o.out, b.spec.name)
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	var digest v1.Hash
	var err error
	if b.spec.isWasm {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: b.images[0].image})
		digest, err = b.images[0].image.Digest()
	} else {
		index = b.index()
		digest, err = index.Digest()
	}
	if err != nil {
		return "", err
	}
	if _, err := layout.Write(folder, index); err != nil {
		return "", err
	}
	for _, i := range b.images {
		if err := o.archive(b.spec, i); err != nil {
			return "", err
		}
	}
	return folder + "@" + digest.String(), nil
}

func (o options) archive(s spec, i platformImage) error {
	if s.isWasm {
		return nil
	}
	stem := filepath.Join(o.out, s.name+"-"+strings.ReplaceAll(i.platform, "/", "-"))
	ref, err := name.NewTag("moodring-" + s.name + ":" + o.version)
	if err != nil {
		return fmt.Errorf("--version %s is no image tag: %w", o.version, err)
	}
	if err := tarball.WriteToFile(stem+".tar", ref, i.image); err != nil {
		return err
	}
	return os.WriteFile(stem+".cdx.json", i.sbom, 0o644)
}
