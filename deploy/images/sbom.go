package main

import (
	"bufio"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// bom is a software bill of materials in CycloneDX's JSON form (ECMA-424,
// version 1.5), with the fields that are used here.
type bom struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	PURL    string `json:"purl,omitempty"`
	Hashes  []hash `json:"hashes,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// sbom returns an image's bill of materials: the Go modules that the program was
// built from, the Debian packages, and the hash of each other file.
func (o options) sbom(s spec, platform string) ([]byte, error) {
	b := bom{
		Format: "CycloneDX", Spec: "1.5", Version: 1,
		Metadata: metadata{o.created.Format("2006-01-02T15:04:05Z"), component{Type: "container", Name: "moodring-" + s.name, Version: o.version}},
	}
	info, err := buildinfo.ReadFile(filepath.Join(o.dir(platform), s.program))
	if err != nil {
		return nil, err
	}
	b.Components = append(b.Components, component{Type: "library", Name: "std", Version: info.GoVersion, PURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")})
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		b.Components = append(b.Components, component{Type: "library", Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version})
	}
	for _, f := range s.files {
		found, err := o.components(f, platform)
		if err != nil {
			return nil, err
		}
		b.Components = append(b.Components, found...)
	}
	return json.MarshalIndent(b, "", "  ")
}

// components returns the components of a file or folder of the image: Debian's
// packages if the folder lists them, otherwise each file's hash.
func (o options) components(f file, platform string) ([]component, error) {
	source := filepath.Join(o.dir(platform), f.source)
	if f.isCommon {
		source = filepath.Join(o.stage, "common", f.source)
	}
	packages, err := os.Open(filepath.Join(source, "usr/share/doc/moodring/debian-packages"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return hashes(source, f.target)
	}
	if err != nil {
		return nil, err
	}
	defer packages.Close()
	return debian(packages)
}

// debian reads a list of Debian packages: name, version, architecture and
// SHA-256, one package a line.
func debian(list *os.File) ([]component, error) {
	var all []component
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		field := strings.Fields(lines.Text())
		if len(field) != 4 {
			return nil, fmt.Errorf("%s: %q: want a name, a version, an architecture and a SHA-256", list.Name(), lines.Text())
		}
		all = append(all, component{
			Type: "library", Name: field[0], Version: field[1],
			PURL:   "pkg:deb/debian/" + field[0] + "@" + strings.ReplaceAll(field[1], "+", "%2B") + "?arch=" + field[2],
			Hashes: []hash{{"SHA-256", field[3]}},
		})
	}
	return all, lines.Err()
}

func hashes(source, target string) ([]component, error) {
	var all []component
	err := filepath.WalkDir(source, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(source, name)
		sum := sha256.Sum256(text)
		all = append(all, component{Type: "file", Name: "/" + filepath.ToSlash(filepath.Join(target, below)), Hashes: []hash{{"SHA-256", hex.EncodeToString(sum[:])}}})
		return err
	})
	return all, err
}
