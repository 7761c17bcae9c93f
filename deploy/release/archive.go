package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// platforms are those of the archives. The model server needs C, whose compiler for
// macOS has parts that only Apple may give out.
var platforms = []string{"linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"}

// addArchives adds the archives of the programs and of the dashboards, the filter,
// and the images' bills of materials.
func (o options) addArchives(files map[string][]byte) error {
	for _, platform := range platforms {
		archive, err := o.programs(platform)
		if err != nil {
			return fmt.Errorf("%w; `make release` builds the files", err)
		}
		files["moodring-"+o.version+"-"+platform+".tar.gz"] = archive
	}
	dashboards := tree{}
	if err := dashboards.add(filepath.Join(o.root, "dashboards"), "moodring-"+o.version+"-dashboards"); err != nil {
		return err
	}
	archive, err := dashboards.tarGz(o.created)
	if err != nil {
		return err
	}
	files["moodring-"+o.version+"-dashboards.tar.gz"] = archive
	filter, err := os.ReadFile(filepath.Join(o.stage, "common", "plugin.wasm"))
	if err != nil {
		return err
	}
	files["moodring-"+o.version+".wasm"] = filter
	boms, err := filepath.Glob(filepath.Join(o.images, "*.cdx.json"))
	if err != nil {
		return err
	}
	for _, bom := range boms {
		if files[filepath.Base(bom)], err = os.ReadFile(bom); err != nil {
			return err
		}
	}
	return nil
}

// programs returns the archive of a platform, with the folders of make install.
func (o options) programs(platform string) ([]byte, error) {
	top, from := "moodring-"+o.version+"-"+platform, filepath.Join(o.stage, platform)
	sources := map[string]string{
		filepath.Join(from, "exporter"):                 "bin/moodring-exporter",
		filepath.Join(from, "dashgen"):                  "bin/moodring-dashgen",
		filepath.Join(o.stage, "common", "doc"):         "share/doc/moodring",
		filepath.Join(o.stage, "common", "plugin.wasm"): "share/moodring/moodring.wasm",
	}
	if strings.HasPrefix(platform, "linux-") {
		sources[filepath.Join(from, "modelserver")] = "bin/moodring-modelserver"
		sources[filepath.Join(from, "libonnxruntime.so")] = "lib/libonnxruntime.so"
		sources[filepath.Join(o.stage, "common", "model")] = "share/moodring/bert-emotion-model"
	}
	content := tree{}
	for source, target := range sources {
		if err := content.add(source, path.Join(top, target)); err != nil {
			return nil, err
		}
	}
	return content.tarGz(o.created)
}

// tree holds files by their path in an archive.
type tree map[string]file

type file struct {
	mode int64
	text []byte
}

// add copies a file, or the files of a folder, to target.
func (t tree) add(source, target string) error {
	return filepath.WalkDir(source, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, belowErr := filepath.Rel(source, name)
		info, infoErr := os.Stat(name)
		text, readErr := os.ReadFile(name)
		if err := errors.Join(belowErr, infoErr, readErr); err != nil {
			return err
		}
		t[path.Join(target, filepath.ToSlash(below))] = file{int64(info.Mode().Perm()&0o111 | 0o644), text}
		return nil
	})
}

// tarGz returns the archive. Its bytes depend on the files and the time alone.
func (t tree) tarGz(at time.Time) ([]byte, error) {
	var buffer bytes.Buffer
	compressed := gzip.NewWriter(&buffer)
	archive := tar.NewWriter(compressed)
	for _, name := range sortedNames(t) {
		f := t[name]
		header := tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: f.mode, Size: int64(len(f.text)), ModTime: at, Format: tar.FormatPAX}
		if err := archive.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if _, err := archive.Write(f.text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	err := errors.Join(archive.Close(), compressed.Close())
	return buffer.Bytes(), err
}

// checksums returns the files' SHA-256, in the form of sha256sum.
func checksums(files map[string][]byte) []byte {
	var out bytes.Buffer
	for _, name := range sortedNames(files) {
		fmt.Fprintf(&out, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	return out.Bytes()
}

func sortedNames[T any](files map[string]T) []string { return slices.Sorted(maps.Keys(files)) }
