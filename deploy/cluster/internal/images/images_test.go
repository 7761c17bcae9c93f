package images_test

import (
	"archive/tar"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/moodring/moodring/deploy/cluster/internal/images"
)

// TestWrite: an archive has the image under all its names, and the libraries that a
// program loads.
func TestWrite(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "image.tar")
	image := images.Image{
		Names: []string{"docker.io/library/ls:1", "example.com/ls:2"}, User: "65532", Entrypoint: []string{"/bin/ls"},
		Files: map[string]string{"/bin/ls": "/bin/ls"}, Writable: []string{"/tmp"},
	}
	if err := image.Write(archive); err != nil {
		t.Fatal(err)
	}
	for _, each := range image.Names {
		tag, err := name.NewTag(each)
		if err != nil {
			t.Fatal(err)
		}
		content, err := tarball.ImageFromPath(archive, &tag)
		if err != nil {
			t.Fatal(err)
		}
		config, err := content.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if config.Config.User != "65532" || !slices.Equal(config.Config.Entrypoint, image.Entrypoint) {
			t.Errorf("configuration %+v", config.Config)
		}
		files := list(t, mutate.Extract(content))
		for _, want := range []string{"bin/ls", "lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libc.so.6", "tmp"} {
			if !slices.Contains(files, want) {
				t.Errorf("no %s in %s", want, files)
			}
		}
	}
}

func list(t *testing.T, stream io.ReadCloser) []string {
	t.Helper()
	defer stream.Close()
	var names []string
	for archive := tar.NewReader(stream); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimSuffix(header.Name, "/"))
	}
}

func TestMissingFile(t *testing.T) {
	image := images.Image{Names: []string{"ls:1"}, Files: map[string]string{"/ls": "/nowhere/ls"}}
	if err := image.Write(filepath.Join(t.TempDir(), "image.tar")); err == nil || !strings.Contains(err.Error(), "image ls:1") {
		t.Error(err)
	}
}
