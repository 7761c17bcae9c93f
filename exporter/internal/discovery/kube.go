package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/watch"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // OpenID Connect, and advice for clouds whose login plugin was removed
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/moodring/moodring/exporter/internal/config"
)

// role is a resource to watch and how its objects become candidates.
type role struct {
	resource   string
	group      schema.GroupVersion
	apiPath    string
	object     runtime.Object
	trim       cache.TransformFunc                          // removes the fields that candidates does not use
	candidates func(s *kubeSource, object any) []*candidate // of a trimmed object
}

func roles() map[string]role {
	return map[string]role{
		"pod":           {"pods", corev1.SchemeGroupVersion, "/api", new(corev1.Pod), trimPod, (*kubeSource).pod},
		"endpointslice": {"endpointslices", discoveryv1.SchemeGroupVersion, "/apis", new(discoveryv1.EndpointSlice), trimEndpointSlice, (*kubeSource).endpointSlice},
	}
}

// kubeSource finds gateways in a namespace of Kubernetes, or in all namespaces.
type kubeSource struct {
	config.KubernetesSD
	namespace string // metav1.NamespaceAll for all
	role      role
	rest      *rest.Config
	client    *rest.RESTClient     // for the role's API group
	core      *rest.RESTClient     // for pods
	cache     map[any][]*candidate // by pointer to the object; a changed object has a new pointer
}

// IsInCluster reports whether this process runs in a pod with a service account.
func IsInCluster() bool {
	_, err := rest.InClusterConfig()
	return err == nil
}

// Kubernetes adds a discoverer for each namespace of an entry of
// kubernetes_sd_configs: the account may lack the rights in one of the namespaces.
func (c constructor) Kubernetes(sd config.KubernetesSD) error {
	common, err := newKubeSource(sd)
	if err != nil {
		return err
	}
	if len(sd.Namespaces.Names) == 0 {
		return c.addKube(common)
	}
	for _, namespace := range sd.Namespaces.Names {
		s := *common
		s.namespace, s.Namespaces = namespace, config.Namespaces{Names: []string{namespace}}
		if err := c.addKube(&s); err != nil {
			return err
		}
	}
	return nil
}

// addKube adds the discoverer of a source.
func (c constructor) addKube(s *kubeSource) error {
	discover := s.discover
	if s.MayBeForbidden {
		discover = s.tryDiscover
	}
	return c.addDiscoverer(&s.KubernetesSD, namedDiscoverer{s.Kind(), s.namespace, s.search(), s.IsGuess, discover})
}

func newKubeSource(sd config.KubernetesSD) (*kubeSource, error) {
	cfg, err := restConfig(sd.KubeconfigFile)
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	cfg.UserAgent = "moodring-exporter"
	cfg.WarningHandlerWithContext = rest.NoWarnings{}
	s := &kubeSource{KubernetesSD: sd, role: roles()[sd.Role], rest: cfg}
	if s.client, err = newClient(cfg, s.role.group, s.role.apiPath); err != nil {
		return nil, fmt.Errorf("using the kubeconfig: %w", err)
	}
	if s.core, err = newClient(cfg, corev1.SchemeGroupVersion, "/api"); err != nil {
		return nil, fmt.Errorf("using the kubeconfig: %w", err)
	}
	return s, nil
}

// restConfig reads the file. Without a file, it returns the configuration of the
// pod's service account, or outside a pod the configuration of kubectl.
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

// newClient returns a client for pods and endpoint slices only: client-go's
// clientset registers every type of Kubernetes, 20 MB of the program.
func newClient(cfg *rest.Config, group schema.GroupVersion, apiPath string) (*rest.RESTClient, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), discoveryv1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	groupCfg := rest.CopyConfig(cfg)
	groupCfg.GroupVersion, groupCfg.APIPath = &group, apiPath
	groupCfg.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	groupCfg.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	groupCfg.ContentType = runtime.ContentTypeProtobuf
	return rest.RESTClientFor(groupCfg)
}

// discover watches until ctx ends, and updates the sink after the first list and
// then after each change.
func (s *kubeSource) discover(ctx context.Context, out sink) {
	ctx = klog.NewContext(ctx, klog.Logger{}) // errors go to out, not to client-go's log
	changed := make(chan struct{}, 1)
	informer, err := s.informer(changed, out)
	if err != nil {
		out.fail(err)
		return
	}
	var running sync.WaitGroup
	running.Go(func() { informer.RunWithContext(ctx) })
	s.follow(ctx, informer, changed, out)
	running.Wait()
}

// askAgain is the time until a source without rights asks again.
const askAgain = 10 * time.Minute

// tryDiscover is like discover, but a source without the right to look finds nothing,
// and does not fail.
func (s *kubeSource) tryDiscover(ctx context.Context, out sink) {
	for ctx.Err() == nil {
		attempt, stop := context.WithCancel(ctx)
		s.discover(attempt, out.tolerating(apierrors.IsForbidden, stop))
		stop()
		select {
		case <-ctx.Done():
		case <-time.After(askAgain):
		}
	}
}

// tolerating returns a sink for which errors of one kind mean that there is nothing,
// and call stop.
func (s sink) tolerating(isTolerated func(error) bool, stop func()) sink {
	tolerant := s
	tolerant.fail = func(err error) {
		if !isTolerated(err) {
			s.fail(err)
			return
		}
		stop()
		s.update(nil)
	}
	return tolerant
}

func (s *kubeSource) informer(changed chan<- struct{}, out sink) (cache.SharedIndexInformer, error) {
	selected := func(options *metav1.ListOptions) { options.LabelSelector = s.Label }
	lists := cache.NewFilteredListWatchFromClient(s.client, s.role.resource, s.namespace, selected)
	s.observe(lists, out)
	informer := cache.NewSharedIndexInformer(lists, s.role.object, 0, nil)
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
	return informer, errors.Join(err, informer.SetTransform(s.role.trim),
		informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
			if err := s.explain(err); err != nil {
				out.fail(err)
			}
		}))
}

// observe reports each success, and the errors of watching that the informer does
// not report because it tries again by itself: a refused connection, and too many
// requests.
func (s *kubeSource) observe(lists *cache.ListWatch, out sink) {
	list, watcher := lists.ListWithContextFunc, lists.WatchFuncWithContext
	lists.ListWithContextFunc = func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		object, err := list(ctx, options)
		if err == nil {
			out.succeed()
		}
		return object, err
	}
	lists.WatchFuncWithContext = func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		w, err := watcher(ctx, options)
		switch {
		case err == nil:
			out.succeed()
		case utilnet.IsConnectionRefused(err), apierrors.IsTooManyRequests(err):
			out.fail(s.explain(err))
		}
		return w, err
	}
}

// explain adds advice to an error of list or watch, and returns nil for errors of
// normal watching.
func (s *kubeSource) explain(err error) error {
	switch {
	case errors.Is(err, io.EOF), apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return nil
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return fmt.Errorf("watching %s in %s: %w: let the account list and watch them, as deploy/exporter/rbac.yaml does", s.role.resource, s.where(), err)
	}
	return fmt.Errorf("watching %s in %s: %w", s.role.resource, s.where(), err)
}

func (s *kubeSource) search() string {
	return fmt.Sprintf("looked for %s with %s in %s", s.role.resource, s.Label, s.where())
}

func (s *kubeSource) where() string {
	if s.namespace == metav1.NamespaceAll {
		return "all namespaces"
	}
	return "namespace " + s.namespace
}

// follow updates the sink after each change. Changes at the same time cause a
// single update.
func (s *kubeSource) follow(ctx context.Context, informer cache.SharedIndexInformer, changed <-chan struct{}, out sink) {
	if !s.sync(ctx, informer, out) {
		return
	}
	for {
		out.update(s.list(informer))
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// sync waits for the first list of an informer, and returns false if ctx ended. An
// informer gives no error for an unreachable API server, so sync reports a late
// list.
func (s *kubeSource) sync(ctx context.Context, informer cache.SharedIndexInformer, out sink) bool {
	overdue := time.NewTicker(10 * time.Second)
	defer overdue.Stop()
	for {
		select {
		case <-informer.HasSyncedChecker().Done():
			return true
		case <-overdue.C:
			out.fail(fmt.Errorf("the API server at %s has given no list of %s in %s yet", s.rest.Host, s.role.resource, s.where()))
		case <-ctx.Done():
			return false
		}
	}
}

// list returns all candidates. A gateway in two EndpointSlices, such as for IPv4
// and for IPv6, is returned once.
func (s *kubeSource) list(informer cache.SharedIndexInformer) []*candidate {
	var all []*candidate
	current := make(map[any][]*candidate, len(s.cache))
	for _, object := range informer.GetStore().List() {
		candidates, ok := s.cache[object]
		if !ok {
			candidates = s.role.candidates(s, object)
		}
		current[object] = candidates
		all = append(all, candidates...)
	}
	s.cache = current
	slices.SortStableFunc(all, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.address(), b.address()))
	})
	return slices.CompactFunc(all, func(a, b *candidate) bool { return a.id == b.id })
}
