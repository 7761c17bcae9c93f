// Package cluster brings up a node with Istio, Knative and KServe on it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/moodring/moodring/deploy/cluster/internal/images"
	"github.com/moodring/moodring/deploy/cluster/internal/kube"
	"github.com/moodring/moodring/deploy/cluster/internal/manifests"
	"github.com/moodring/moodring/deploy/cluster/internal/node"
	"github.com/moodring/moodring/deploy/cluster/internal/tools"
)

// Options are the settings of a cluster.
type Options struct {
	Root     string // the checkout
	Progress func(format string, args ...any)
}

// Folder is the node's state, within a checkout.
func Folder(root string) string { return filepath.Join(root, ".tools/cluster/run") }

func (o Options) cache(name string) string { return filepath.Join(o.Root, ".tools/cluster", name) }

func (o Options) source(name string) string { return filepath.Join(o.Root, "deploy/cluster", name) }

// Cluster is a running cluster.
type Cluster struct {
	kube.Cluster
	options  Options
	programs map[string]string
	modules  manifests.Modules
}

// Build builds the missing programs and images, so that the next Up has none to build.
func Build(ctx context.Context, o Options) error {
	_, _, err := prepare(ctx, o)
	return err
}

// Up builds the missing programs, starts a node, and returns when Istio, Knative and
// KServe are ready.
func Up(ctx context.Context, o Options) (*Cluster, error) {
	c, settings, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	o.Progress("starting the node")
	if c.Node, err = node.Start(ctx, settings); err != nil {
		return nil, err
	}
	if err := c.install(ctx); err != nil {
		return nil, errors.Join(err, c.Node.Stop())
	}
	return c, nil
}

// prepare builds the missing programs and images, and returns a cluster without a node.
func prepare(ctx context.Context, o Options) (*Cluster, node.Settings, error) {
	settings := node.Settings{Folder: Folder(o.Root), Logs: o.cache("log"), Images: filepath.Join(o.Root, "bin/images")}
	if err := settings.Check(); err != nil {
		return nil, settings, err
	}
	c := &Cluster{options: o}
	if err := c.build(ctx); err != nil {
		return nil, settings, err
	}
	settings.Path = []string{c.programs["kubernetes"], c.programs["containerd"], c.programs["istio"]}
	return c, settings, c.fillStore(ctx, &settings)
}

// build builds all programs, and finds the modules of the manifests.
func (c *Cluster) build(ctx context.Context) error {
	builder := tools.Builder{Source: c.options.source("tools"), Cache: c.options.cache("bin"), Progress: c.options.Progress}
	var err error
	if c.programs, err = builder.Build(ctx, tools.Modules()); err != nil {
		return err
	}
	for _, m := range []struct {
		in, path string
		folder   *string
	}{
		{"istio", "istio.io/istio", &c.modules.Istio},
		{"istio", "sigs.k8s.io/gateway-api", &c.modules.GatewayAPI},
		{"knative", "knative.dev/serving", &c.modules.Serving},
		{"knative", "knative.dev/networking", &c.modules.Networking},
		{"knative", "knative.dev/caching", &c.modules.Caching},
		{"knative", "github.com/kserve/kserve", &c.modules.KServe},
	} {
		if *m.folder, err = builder.Module(ctx, m.in, m.path); err != nil {
			return err
		}
	}
	return nil
}

// fillStore gives the node the images of other projects' programs.
func (c *Cluster) fillStore(ctx context.Context, settings *node.Settings) error {
	sources := images.Sources{Root: c.options.Root, Programs: c.programs, Istio: c.modules.Istio}
	var err error
	if sources.Envoy, err = findEnvoy(c.options.Root); err != nil {
		return err
	}
	for name, at := range map[string]*string{"curl": &sources.Curl, "redis-server": &sources.Redis, "iptables": &sources.Iptables} {
		if *at, err = findProgram(name); err != nil {
			return err
		}
	}
	store := images.Store{Folder: c.options.cache("images"), Progress: c.options.Progress}
	settings.Store, err = store.Fill(ctx, *settings, sources.Catalog())
	return err
}

// findProgram returns the file of a program that may be a link.
func findProgram(name string) (string, error) {
	found, err := exec.LookPath(name)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(found)
}

// findEnvoy returns Envoy's binary by the rules of the local stack.
func findEnvoy(root string) (string, error) {
	for _, name := range []string{os.Getenv("ENVOY"), "envoy", filepath.Join(root, ".tools/bin/envoy")} {
		if name == "" {
			continue
		}
		if found, err := findProgram(name); err == nil {
			return found, nil
		}
	}
	return "", errors.New("no Envoy: set ENVOY to its binary, put envoy on the PATH, or run `make tools`")
}

// install applies everything below the demo. Objects that do not depend on each
// other are applied at the same time.
func (c *Cluster) install(ctx context.Context) error {
	if err := c.importOwn(ctx); err != nil {
		return err
	}
	c.options.Progress("applying DNS, Istio, Knative, KServe, Prometheus, Grafana and Kiali")
	definitions, istio, err := manifests.Istio(ctx, filepath.Join(c.programs["istio"], "istioctl"), c.options.source("manifests/istio.yaml"))
	if err != nil {
		return err
	}
	if err := together(
		func() error { return c.applyFile(ctx, "base.yaml") },
		func() error { return c.Apply(ctx, definitions) },
		c.applied(ctx, c.modules.GatewayDefinitions),
		c.applied(ctx, c.modules.KnativeCRDs),
		c.applied(ctx, c.modules.KServeCRDs),
	); err != nil {
		return err
	}
	if err := c.AwaitDefinitions(ctx); err != nil {
		return err
	}
	if err := together(
		func() error { return errors.Join(c.Apply(ctx, istio), c.applyAddons(ctx)) },
		c.applied(ctx, c.modules.Knative),
		c.applied(ctx, c.modules.KServeController),
	); err != nil {
		return err
	}
	c.options.Progress("waiting for all of them")
	for _, namespace := range []string{"kube-system", "istio-system", "knative-serving", "kserve"} {
		if err := c.AwaitDeployments(ctx, namespace, readyLimit); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) applyFile(ctx context.Context, name string) error {
	text, err := os.ReadFile(c.options.source(filepath.Join("manifests", name)))
	if err != nil {
		return err
	}
	return c.ApplyText(ctx, string(text))
}

// applyAddons applies Istio's samples. Namespace istio-system must exist.
func (c *Cluster) applyAddons(ctx context.Context) error {
	requests, err := os.ReadFile(c.options.source("manifests/requests.yaml"))
	if err != nil {
		return err
	}
	configuration, err := os.ReadFile(c.options.source("manifests/kiali.yaml"))
	if err != nil {
		return err
	}
	prometheus, err := c.modules.Prometheus(string(requests))
	if err != nil {
		return err
	}
	grafana, err := c.modules.Grafana()
	if err != nil {
		return err
	}
	kiali, err := c.modules.Kiali(string(configuration))
	if err != nil {
		return err
	}
	return c.Apply(ctx, slices.Concat(prometheus, grafana, kiali))
}

const readyLimit = 3 * time.Minute

// applied returns a function that reads objects and applies them.
func (c *Cluster) applied(ctx context.Context, read func() ([]manifests.Object, error)) func() error {
	return func() error {
		objects, err := read()
		if err != nil {
			return err
		}
		return c.Apply(ctx, objects)
	}
}

// together calls functions at the same time and returns all errors.
func together(functions ...func() error) error {
	errs := make([]error, len(functions))
	var all sync.WaitGroup
	for i, function := range functions {
		all.Go(func() { errs[i] = function() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// importOwn imports the images of this program, without which no pod can start.
func (c *Cluster) importOwn(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	const archive = "own.tar"
	for _, image := range images.Own(self) {
		if err := image.Write(filepath.Join(Folder(c.options.Root), archive)); err != nil {
			return err
		}
		if err := images.Import(ctx, c.Node, filepath.Join(node.Inside, archive)); err != nil {
			return fmt.Errorf("%w; %s has containerd's log", err, c.options.cache("log/containerd.log"))
		}
	}
	return os.Remove(filepath.Join(Folder(c.options.Root), archive))
}
