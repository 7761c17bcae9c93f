package main

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
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// entries are the contents of a layer: headers and bodies by path.
type entries map[string]entry

type entry struct {
	header tar.Header
	body   []byte
}

// add copies a file, a link, or a folder with its content to target.
func (e entries) add(source, target string) error {
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
			return nil // folders are made for what is in them
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := os.Readlink(name)
			e.put(at, tar.Header{Typeflag: tar.TypeSymlink, Linkname: link, Mode: 0o777}, nil)
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s: neither a file, a folder nor a link", name)
		}
		body, err := os.ReadFile(name)
		e.put(at, tar.Header{Typeflag: tar.TypeReg, Mode: int64(info.Mode().Perm()&0o111 | 0o644)}, body)
		return err
	})
}

// put sets one entry, and the folders above it.
func (e entries) put(at string, header tar.Header, body []byte) {
	header.Name, header.Size = at, int64(len(body))
	e[at] = entry{header, body}
	for folder := path.Dir(at); folder != "."; folder = path.Dir(folder) {
		if _, ok := e[folder]; !ok {
			e[folder] = entry{header: tar.Header{Typeflag: tar.TypeDir, Name: folder + "/", Mode: 0o755}}
		}
	}
}

// text sets a file that all may read.
func (e entries) text(at, body string) {
	e.put(at, tar.Header{Typeflag: tar.TypeReg, Mode: 0o644}, []byte(body))
}

// layer returns the entries as a gzip-compressed layer. Its bytes depend on the
// entries and the time alone.
func (e entries) layer(at time.Time) (v1.Layer, error) {
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	paths := make([]string, 0, len(e))
	for name := range e {
		paths = append(paths, name)
	}
	slices.SortFunc(paths, func(a, b string) int { return strings.Compare(a, b) })
	for _, name := range paths {
		header := e[name].header
		header.ModTime, header.Format = at, tar.FormatPAX
		if err := archive.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if _, err := archive.Write(e[name].body); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buffer.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
}
