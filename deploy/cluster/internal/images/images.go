// Package images makes the images of the cluster's own programs, without a container
// engine, and keeps them in a store of containerd's.
package images

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/moodring/moodring/deploy/images/layer"
)

// Image is a container image of files from this machine.
type Image struct {
	// Names are the image's names in manifests.
	Names      []string
	User       string
	Entrypoint []string
	Folder     string // the working directory
	// Files are files and folders of this machine, by their path in the image. The
	// C library and other libraries of a program need not be listed.
	Files map[string]string
	// Writable are empty folders in which every user may write.
	Writable []string
}

// Write writes the image into an archive that containerd imports.
func (i Image) Write(archive string) error {
	content := layer.Files{}
	for at, source := range i.Files {
		if err := content.Add(source, strings.TrimPrefix(at, "/")); err != nil {
			return fmt.Errorf("image %s: %w", i.Names[0], err)
		}
		if err := addLibraries(content, source); err != nil {
			return fmt.Errorf("image %s: %w", i.Names[0], err)
		}
	}
	for _, folder := range i.Writable {
		content.Temporary(strings.TrimPrefix(folder, "/"))
	}
	single, err := content.Uncompressed(time.Time{})
	if err != nil {
		return err
	}
	image, err := mutate.Append(empty.Image, mutate.Addendum{Layer: single})
	if err != nil {
		return err
	}
	image, err = i.configure(image)
	if err != nil {
		return err
	}
	tags := map[name.Reference]v1.Image{}
	for _, each := range i.Names {
		tag, err := name.NewTag(each)
		if err != nil {
			return err
		}
		tags[tag] = image
	}
	return tarball.MultiRefWriteToFile(archive, tags)
}

func (i Image) configure(image v1.Image) (v1.Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config = v1.Config{
		User: i.User, Entrypoint: i.Entrypoint, WorkingDir: i.Folder,
		Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
	}
	return mutate.ConfigFile(image, config)
}

// libraryFolders are where the dynamic linker finds libraries on this machine, and
// in the image.
func libraryFolders() []string {
	return []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib"}
}

// addLibraries adds the dynamic linker and the libraries of a program, and the
// libraries of libraries.
func addLibraries(content layer.Files, program string) error {
	file, err := elf.Open(program)
	if err != nil {
		return nil // no program
	}
	defer file.Close()
	if linker := interpreter(file); linker != "" {
		if err := addFile(content, linker, linker); err != nil {
			return err
		}
	}
	names, err := file.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	for _, library := range names {
		if err := addLibrary(content, program, library); err != nil {
			return err
		}
	}
	return nil
}

func addLibrary(content layer.Files, program, library string) error {
	for _, folder := range libraryFolders() {
		file := filepath.Join(folder, library)
		if _, known := content[strings.TrimPrefix(file, "/")]; known {
			return nil
		}
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := addFile(content, file, file); err != nil {
			return err
		}
		return addLibraries(content, file)
	}
	return fmt.Errorf("%s needs the library %s, which is in none of %s", program, library, strings.Join(libraryFolders(), ", "))
}

// addFile adds the target of a link, under the link's name.
func addFile(content layer.Files, source, at string) error {
	file, err := filepath.EvalSymlinks(source)
	if err != nil {
		return err
	}
	return content.Add(file, strings.TrimPrefix(at, "/"))
}

// interpreter returns the dynamic linker that a program names.
func interpreter(file *elf.File) string {
	for _, segment := range file.Progs {
		if segment.Type != elf.PT_INTERP {
			continue
		}
		text := make([]byte, segment.Filesz)
		if _, err := segment.ReadAt(text, 0); err != nil {
			return ""
		}
		return strings.TrimRight(string(text), "\x00")
	}
	return ""
}
