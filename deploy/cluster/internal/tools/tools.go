// Package tools builds the programs of the cluster: Kubernetes, Istio, Knative,
// KServe and others, each from a module of its own in deploy/cluster/tools.
package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Module is a folder of deploy/cluster/tools. Its go.mod names programs in `tool`
// lines, and its packages are programs of ours.
type Module struct {
	Name string
	// UsesC compiles with cgo, as the project's tests do. Most packages of the
	// module then come from Go's build cache, once the tests have run.
	UsesC bool
	Tags  string
	// Variables are set by the linker.
	Variables map[string]string
	// Renames maps a program's name after the build to its usual name.
	Renames map[string]string
}

// Modules returns all modules, the small ones first.
func Modules() []Module {
	const kubernetes, istio = "k8s.io/component-base/version.", "istio.io/istio/pkg/version."
	return []Module{
		{Name: "containerd"},
		{Name: "coredns", UsesC: true},
		{
			Name: "kubernetes", UsesC: true, Renames: map[string]string{"server": "etcd"},
			Variables: map[string]string{kubernetes + "gitVersion": "v1.37.2", kubernetes + "gitMajor": "1", kubernetes + "gitMinor": "37"},
		},
		{
			Name: "istio", UsesC: true,
			Variables: map[string]string{istio + "buildVersion": IstioTag, istio + "buildTag": IstioTag, istio + "buildHub": "docker.io/istio"},
		},
		{Name: "knative", UsesC: true},
		{Name: "prometheus", UsesC: true, Tags: "remove_all_sd,enable_kubernetes_sd"},
		{Name: "kiali"},
	}
}

// IstioTag is the tag of Istio's images.
const IstioTag = "1.31-dev"

// Builder builds modules into a cache.
type Builder struct {
	Source   string // the folder deploy/cluster/tools
	Cache    string
	Progress func(format string, args ...any)
}

// Build builds the modules whose programs are not in the cache, one after the
// other, and returns each module's folder of programs by the module's name.
func (b Builder) Build(ctx context.Context, modules []Module) (map[string]string, error) {
	version, err := goVersion(ctx)
	if err != nil {
		return nil, err
	}
	folders := map[string]string{}
	for _, m := range modules {
		key, err := b.key(m, version)
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", m.Name, err)
		}
		folder := filepath.Join(b.Cache, m.Name+"-"+key)
		if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
			err = b.build(ctx, m, folder)
			if err != nil {
				return nil, fmt.Errorf("building %s: %w", m.Name, err)
			}
		}
		folders[m.Name] = folder
	}
	return folders, nil
}

// key is a hash of everything that the module's programs depend on.
func (b Builder) key(m Module, version string) (string, error) {
	files, err := filepath.Glob(filepath.Join(b.Source, m.Name, "go.*"))
	if err != nil {
		return "", err
	}
	for _, pattern := range []string{"*.go", "*/*.go"} {
		found, err := filepath.Glob(filepath.Join(b.Source, m.Name, pattern))
		if err != nil {
			return "", err
		}
		files = append(files, found...)
	}
	hash := sha256.New()
	_, _ = fmt.Fprintf(hash, "%s\n%+v\n", version, m) // a hash never fails; maps print in the order of their keys
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		below, err := filepath.Rel(b.Source, name)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(hash, "%s %d\n%s", below, len(text), text)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}

// build compiles into a folder beside the final one, so that an interrupted build
// leaves no half of the programs.
func (b Builder) build(ctx context.Context, m Module, folder string) error {
	unfinished := folder + ".unfinished"
	if err := errors.Join(os.RemoveAll(unfinished), os.MkdirAll(unfinished, 0o755)); err != nil {
		return err
	}
	if err := b.compile(ctx, m, unfinished); err != nil {
		return err
	}
	for from, to := range m.Renames {
		if err := os.Rename(filepath.Join(unfinished, from), filepath.Join(unfinished, to)); err != nil {
			return err
		}
	}
	if err := b.removeOld(m); err != nil {
		return err
	}
	return os.Rename(unfinished, folder)
}

// removeOld removes the module's programs of earlier keys.
func (b Builder) removeOld(m Module) error {
	old, err := filepath.Glob(filepath.Join(b.Cache, m.Name+"-*"))
	if err != nil {
		return err
	}
	for _, folder := range old {
		if strings.HasSuffix(folder, ".unfinished") {
			continue
		}
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return nil
}
