package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // OpenID Connect, and what to do where a cloud's old way is gone
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/moodring/moodring/exporter/internal/config"
)

// role is what to list and how it becomes gateways.
type role struct {
	resource string
	group    schema.GroupVersion
	apiPath  string
	object   runtime.Object
	trim     cache.TransformFunc                   // forgets what find does not use
	find     func(c *cluster, object any) []*found // of what trim left
}

func roles() map[string]role {
	return map[string]role{
		"pod":           {"pods", corev1.SchemeGroupVersion, "/api", new(corev1.Pod), trimPod, (*cluster).pod},
		"endpointslice": {"endpointslices", discoveryv1.SchemeGroupVersion, "/apis", new(discoveryv1.EndpointSlice), trimSlice, (*cluster).slice},
	}
}

// cluster finds gateways in Kubernetes.
type cluster struct {
	config.KubernetesSD
	role   role
	rest   *rest.Config
	client *rest.RESTClient // of the role's group
	core   *rest.RESTClient // of pods
	known  map[any][]*found // by object, which is another when it has changed
}

// IsInCluster tells whether this process is a pod with an account of its own.
func IsInCluster() bool {
	_, err := rest.InClusterConfig()
	return err == nil
}

// Kubernetes is for kubernetes_sd_configs.
func (m *finderMaker) Kubernetes(sd config.KubernetesSD) error {
	c, err := newCluster(sd)
	if err != nil {
		return err
	}
	m.find = c.find
	return nil
}

func newCluster(sd config.KubernetesSD) (*cluster, error) {
	cfg, err := restConfig(sd.KubeconfigFile)
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	cfg.UserAgent = "moodring-exporter"
	cfg.WarningHandlerWithContext = rest.NoWarnings{}
	c := &cluster{KubernetesSD: sd, role: roles()[sd.Role], rest: cfg}
	if c.client, err = newClient(cfg, c.role.group, c.role.apiPath); err != nil {
		return nil, fmt.Errorf("using the kubeconfig: %w", err)
	}
	if c.core, err = newClient(cfg, corev1.SchemeGroupVersion, "/api"); err != nil {
		return nil, fmt.Errorf("using the kubeconfig: %w", err)
	}
	return c, nil
}

// restConfig returns what the file says, or the pod's own account, or what
// kubectl would use.
func restConfig(file string) (*rest.Config, error) {
	if file == "" {
		cfg, err := rest.InClusterConfig()
		if !errors.Is(err, rest.ErrNotInCluster) {
			return cfg, err
		}
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = file
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, errors.New("there is no kubeconfig: set KUBECONFIG, or run in a pod that has a service account")
	}
	return cfg, err
}

// newClient returns a client that knows the types it needs, and not all of
// Kubernetes, as client-go's own clientset does: that is 20 MB of program.
func newClient(cfg *rest.Config, group schema.GroupVersion, apiPath string) (*rest.RESTClient, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), discoveryv1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	own := rest.CopyConfig(cfg)
	own.GroupVersion, own.APIPath = &group, apiPath
	own.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	own.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	own.ContentType = runtime.ContentTypeProtobuf
	return rest.RESTClientFor(own)
}

// find watches until ctx ends. It reports when it has seen all namespaces, and
// then at each change.
func (c *cluster) find(ctx context.Context, out reporter) {
	ctx = klog.NewContext(ctx, klog.Logger{}) // what goes wrong is reported, not logged
	changed := make(chan struct{}, 1)
	var informers []cache.SharedIndexInformer
	for _, namespace := range c.namespaces() {
		informer, err := c.informer(namespace, changed, out)
		if err != nil {
			out.failed(err)
			return
		}
		informers = append(informers, informer)
	}
	done := make(chan struct{})
	for _, informer := range informers {
		go func() {
			informer.RunWithContext(ctx)
			done <- struct{}{}
		}()
	}
	c.follow(ctx, informers, changed, out)
	for range informers {
		<-done
	}
}

func (c *cluster) namespaces() []string {
	if len(c.Namespaces.Names) == 0 {
		return []string{metav1.NamespaceAll}
	}
	return c.Namespaces.Names
}

func (c *cluster) informer(namespace string, changed chan<- struct{}, out reporter) (cache.SharedIndexInformer, error) {
	selected := func(options *metav1.ListOptions) { options.LabelSelector = c.Label }
	lists := cache.NewFilteredListWatchFromClient(c.client, c.role.resource, namespace, selected)
	informer := cache.NewSharedIndexInformer(lists, c.role.object, 0, nil)
	mark := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { mark() },
		UpdateFunc: func(any, any) { mark() },
		DeleteFunc: func(any) { mark() },
	})
	return informer, errors.Join(err, informer.SetTransform(c.role.trim),
		informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
			if err := c.explain(namespace, err); err != nil {
				out.failed(err)
			}
		}))
}

// explain says what to do about an error of list or watch; nil for those that
// are in the nature of watching.
func (c *cluster) explain(namespace string, err error) error {
	where := "namespace " + namespace
	if namespace == metav1.NamespaceAll {
		where = "all namespaces"
	}
	switch {
	case errors.Is(err, io.EOF), apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return nil
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return fmt.Errorf("watching %s in %s: %w: let the account list and watch them, as deploy/exporter/rbac.yaml does", c.role.resource, where, err)
	}
	return fmt.Errorf("watching %s in %s: %w", c.role.resource, where, err)
}

// follow reports after each change, and once for changes that come together.
func (c *cluster) follow(ctx context.Context, informers []cache.SharedIndexInformer, changed <-chan struct{}, out reporter) {
	for _, informer := range informers {
		if !c.sync(ctx, informer, out) {
			return
		}
	}
	for {
		out.found(c.all(informers))
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// sync waits for an informer's first list, and returns false if ctx ended. An
// API server that cannot be reached is an error of no watch.
func (c *cluster) sync(ctx context.Context, informer cache.SharedIndexInformer, out reporter) bool {
	late := time.NewTicker(10 * time.Second)
	defer late.Stop()
	for {
		select {
		case <-informer.HasSyncedChecker().Done():
			return true
		case <-late.C:
			out.failed(fmt.Errorf("the API server at %s has given no list of %s yet", c.rest.Host, c.role.resource))
		case <-ctx.Done():
			return false
		}
	}
}

// all returns the gateways there are. One that is listed twice, as in a slice
// for each family of addresses, is one.
func (c *cluster) all(informers []cache.SharedIndexInformer) []*found {
	var all []*found
	known := make(map[any][]*found, len(c.known))
	for _, informer := range informers {
		for _, object := range informer.GetStore().List() {
			these, ok := c.known[object]
			if !ok {
				these = c.role.find(c, object)
			}
			known[object] = these
			all = append(all, these...)
		}
	}
	c.known = known
	slices.SortStableFunc(all, func(a, b *found) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.address(), b.address()))
	})
	return slices.CompactFunc(all, func(a, b *found) bool { return a.id == b.id })
}
