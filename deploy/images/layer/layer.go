// Package layer makes a layer of an image from files.
package layer

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Files are the contents of a layer: headers and bodies by path.
type Files map[string]entry

type entry struct {
	header tar.Header
	body   []byte
}

// Add copies a file, a link, or a folder with its content to target.
func (f Files) Add(source, target string) error {
	return filepath.WalkDir(source, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(source, name)
		if err != nil {
			return err
		}
		info, err := os.Lstat(name)
		if err != nil {
			return err
		}
		at := path.Join(target, filepath.ToSlash(below))
		switch {
		case info.IsDir():
			return nil // folders are made for their files
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := os.Readlink(name)
			f.put(at, tar.Header{Typeflag: tar.TypeSymlink, Linkname: link, Mode: 0o777}, nil)
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s: neither a file, a folder nor a link", name)
		}
		body, err := os.ReadFile(name)
		f.put(at, tar.Header{Typeflag: tar.TypeReg, Mode: int64(info.Mode().Perm()&0o111 | 0o644)}, body)
		return err
	})
}

// put sets one entry, and the folders above it.
func (f Files) put(at string, header tar.Header, body []byte) {
	header.Name, header.Size = at, int64(len(body))
	f[at] = entry{header, body}
	for folder := path.Dir(at); folder != "."; folder = path.Dir(folder) {
		if _, ok := f[folder]; !ok {
			f[folder] = entry{header: tar.Header{Typeflag: tar.TypeDir, Name: folder + "/", Mode: 0o755}}
		}
	}
}

// Text sets a file that all may read.
func (f Files) Text(at, body string) {
	f.put(at, tar.Header{Typeflag: tar.TypeReg, Mode: 0o644}, []byte(body))
}

// Temporary sets an empty folder in which all may write.
func (f Files) Temporary(at string) {
	f.put(at, tar.Header{Typeflag: tar.TypeDir, Mode: 0o1777}, nil)
}

// Layer returns the files as a gzip-compressed layer. Its bytes depend on the files
// and the time alone.
func (f Files) Layer(at time.Time) (v1.Layer, error) {
	archive, err := f.archive(at)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
}

// Uncompressed returns the files as a layer that is not compressed, for an image
// that stays on the machine.
func (f Files) Uncompressed(at time.Time) (v1.Layer, error) {
	archive, err := f.archive(at)
	if err != nil {
		return nil, err
	}
	return static.NewLayer(archive, types.DockerUncompressedLayer), nil
}

// archive returns the files in tar's form.
func (f Files) archive(at time.Time) ([]byte, error) {
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	paths := make([]string, 0, len(f))
	for name := range f {
		paths = append(paths, name)
	}
	slices.SortFunc(paths, func(a, b string) int { return strings.Compare(a, b) })
	for _, name := range paths {
		header := f[name].header
		header.ModTime, header.Format = at, tar.FormatPAX
		if err := archive.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if _, err := archive.Write(f[name].body); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}
