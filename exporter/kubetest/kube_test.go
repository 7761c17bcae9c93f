package kubetest

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	promkube "github.com/prometheus/prometheus/discovery/kubernetes"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/moodring/moodring/exporter/internal/config"
	"github.com/moodring/moodring/exporter/internal/discovery"
)

// TestKubernetes runs all parts in order on the same cluster: the last part checks
// the verbs that the account used in all parts.
func TestKubernetes(t *testing.T) {
	c := newCluster(t)
	for _, part := range []struct {
		name string
		test func(*testing.T, *cluster)
	}{
		{"manifests", testManifests},
		{"no rights", testForbidden},
		{"one of two namespaces is forbidden", testForbiddenNamespace},
		{"presets", testPresets},
		{"pods", testPods},
		{"endpoint slices", testSlices},
		{"from a laptop", testLaptop},
		{"in a pod", testPod},
		{"rights", testRights},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, c) }) {
			return
		}
	}
}

// testDiscovery is a Discovery that uses the exporter's service account.
type testDiscovery struct {
	lists  chan []discovery.Target // only the latest
	failed chan string
	log    *strings.Builder
}

// discover runs a Discovery until the test ends. KUBECONFIG in yaml stands for the
// path of the exporter's kubeconfig.
func discover(t *testing.T, c *cluster, yaml string) *testDiscovery {
	t.Helper()
	d := &testDiscovery{make(chan []discovery.Target, 1), make(chan string, 100), new(strings.Builder)}
	cfg, err := config.Parse([]byte(strings.ReplaceAll(yaml, "KUBECONFIG", c.kubeconfig(t))))
	must(t, err)
	plan, err := discovery.NewPlan(cfg)
	must(t, err)
	discovery := discovery.New(discovery.Options{
		Logger:       slog.New(slog.NewTextHandler(d.log, nil)),
		CountFailure: func(source string) { d.failed <- source },
		Publish: func(targets []discovery.Target, _ bool) {
			select {
			case <-d.lists:
			default:
			}
			d.lists <- targets
		},
	})
	ctx, stop := context.WithCancel(t.Context())
	discovery.Apply(ctx, plan)
	t.Cleanup(func() {
		stop()
		discovery.Wait()
	})
	return d
}

// wait waits until the targets, as text, equal want.
func (d *testDiscovery) wait(t *testing.T, want ...string) []discovery.Target {
	t.Helper()
	var got []string
	deadline := time.After(timeout)
	for {
		select {
		case list := <-d.lists:
			if got = texts(list); slices.Equal(got, want) {
				return list
			}
		case <-deadline:
			t.Fatalf("targets (-want +got):\n%s", cmp.Diff(want, got))
		}
	}
}

func texts(list []discovery.Target) []string {
	var texts []string
	for _, target := range list {
		text := target.URL.String() + " " + target.Labels.String()
		if target.IsTerminating {
			text += " leaving"
		}
		texts = append(texts, text)
	}
	return sorted(texts)
}

func sorted(all []string) []string { return slices.Sorted(slices.Values(all)) }

// An exporter without rights counts a failure.
func testForbidden(t *testing.T, c *cluster) {
	c.create(t, build(t, manifests), metav1.CreateOptions{})
	must(t, c.admin.RbacV1().RoleBindings(namespace).Delete(t.Context(), account, metav1.DeleteOptions{}))
	d := discover(t, c, "kubernetes_sd_configs: [{kubeconfig_file: KUBECONFIG, namespaces: {names: [istio-system]}}]")
	if source := next(t, d.failed); source != "kubernetes" {
		t.Errorf("%s failed", source)
	}
	bind(t, c, account)
}

// bind binds a Role to the account.
func bind(t *testing.T, c *cluster, role string) {
	t.Helper()
	_, err := c.admin.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account, Namespace: namespace}},
	}, metav1.CreateOptions{})
	must(t, err)
}

// Pods are created, labelled, marked for deletion and deleted.
func testPods(t *testing.T, c *cluster) {
	d := discover(t, c, `
kubernetes_sd_configs: [{kubeconfig_file: KUBECONFIG, namespaces: {names: [istio-system]}}]
relabel_configs: [{source_labels: [__meta_kubernetes_pod_label_region], target_label: region}]`)
	d.wait(t)
	c.runPod(t, "a", "192.0.2.10")
	a := `http://192.0.2.10:15090 {gateway="istio-system/a"}`
	d.wait(t, a)
	c.runPod(t, "b", "2001:db8::1")
	b := `http://[2001:db8::1]:15090 {gateway="istio-system/b"}`
	list := d.wait(t, a, b)
	if list[0].ID == list[1].ID {
		t.Errorf("two pods have the id %s", list[0].ID)
	}
	testLabels(t, c, promkube.RolePod)

	c.label(t, "a", `{"region": "eu"}`)
	d.wait(t, `http://192.0.2.10:15090 {gateway="istio-system/a", region="eu"}`, b)
	c.label(t, "a", `{"app": "another", "region": null}`)
	d.wait(t, b)
	c.label(t, "a", `{"app": "istio-ingressgateway"}`)
	d.wait(t, a, b)

	must(t, c.admin.CoreV1().Pods(namespace).Delete(t.Context(), "a", metav1.DeleteOptions{}))
	d.wait(t, a+" leaving", b)
	c.deletePod(t, "a")
	d.wait(t, b)

	sidecars := discover(t, c, `
kubernetes_sd_configs:
- {kubeconfig_file: KUBECONFIG, namespaces: {names: [istio-system]}}
- {kubeconfig_file: KUBECONFIG, namespaces: {names: [istio-system]}, label: serving.kserve.io/inferenceservice, port: 15020}`)
	sidecars.wait(t, b)
	c.runPod(t, "predictor", "192.0.2.30")
	c.label(t, "predictor", `{"app": null, "serving.kserve.io/inferenceservice": "bert"}`)
	sidecars.wait(t, `http://192.0.2.30:15020 {gateway="istio-system/predictor"}`, b)
	c.deletePod(t, "predictor")
	sidecars.wait(t, b)

	pod, err := c.admin.CoreV1().Pods(namespace).Get(t.Context(), "b", metav1.GetOptions{})
	must(t, err)
	pod.Status.Phase = corev1.PodFailed // as after an eviction
	_, err = c.admin.CoreV1().Pods(namespace).UpdateStatus(t.Context(), pod, metav1.UpdateOptions{})
	must(t, err)
	d.wait(t)
	c.deletePod(t, "b")
}

func (c *cluster) label(t *testing.T, pod, labels string) {
	t.Helper()
	patch := fmt.Sprintf(`{"metadata": {"labels": %s}}`, labels)
	_, err := c.admin.CoreV1().Pods(namespace).Patch(t.Context(), pod, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	must(t, err)
}

// Endpoints in the slices of a Service. Endpoint a has an IPv4 and an IPv6 slice.
func testSlices(t *testing.T, c *cluster) {
	bind(t, c, account+"-endpointslices")
	d := discover(t, c, `
kubernetes_sd_configs: [{role: endpointslice, kubeconfig_file: KUBECONFIG, namespaces: {names: [istio-system]}}]
relabel_configs: [{source_labels: [__meta_kubernetes_endpointslice_endpoint_zone], target_label: zone}]`)
	d.wait(t)
	four := c.createSlice(t, "four", discoveryv1.AddressTypeIPv4, endpoint("a", "192.0.2.10"), endpoint("", "192.0.2.20"))
	a, other := `http://192.0.2.10:15090 {gateway="istio-system/a", zone="z"}`, `http://192.0.2.20:15090 {gateway="istio-system/192.0.2.20", zone="z"}`
	d.wait(t, a, other)
	testLabels(t, c, promkube.RoleEndpointSlice)
	c.createSlice(t, "six", discoveryv1.AddressTypeIPv6, endpoint("a", "2001:db8::1"), endpoint("b", "2001:db8::2"))
	b := `http://[2001:db8::2]:15090 {gateway="istio-system/b", zone="z"}`
	d.wait(t, a, other, b)
	four.Endpoints[0].Conditions.Terminating = new(true)
	_, err := c.admin.DiscoveryV1().EndpointSlices(namespace).Update(t.Context(), four, metav1.UpdateOptions{})
	must(t, err)
	d.wait(t, a+" leaving", other, b)
	must(t, c.admin.DiscoveryV1().EndpointSlices(namespace).Delete(t.Context(), "four", metav1.DeleteOptions{}))
	d.wait(t, `http://[2001:db8::1]:15090 {gateway="istio-system/a", zone="z"}`, b)
	must(t, c.admin.DiscoveryV1().EndpointSlices(namespace).Delete(t.Context(), "six", metav1.DeleteOptions{}))
	d.wait(t)
}

func endpoint(pod, ip string) discoveryv1.Endpoint {
	e := discoveryv1.Endpoint{Addresses: []string{ip}, Zone: new("z"), NodeName: new(node), Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}
	if pod != "" {
		e.TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: pod, UID: types.UID(pod)}
	}
	return e
}

func (c *cluster) createSlice(t *testing.T, name string, family discoveryv1.AddressType, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	t.Helper()
	slice, err := c.admin.DiscoveryV1().EndpointSlices(namespace).Create(t.Context(), &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "istio-ingressgateway", discoveryv1.LabelServiceName: "istio-ingressgateway"}},
		AddressType: family, Endpoints: endpoints,
		Ports: []discoveryv1.EndpointPort{{Name: new("http2"), Port: new(int32(8080)), Protocol: new(corev1.ProtocolTCP)}},
	}, metav1.CreateOptions{})
	must(t, err)
	return slice
}

// The exporter runs outside the cluster with a kubeconfig, and scrapes the admin
// port of a pod: through a WebSocket, and through SPDY if a proxy refuses
// WebSockets.
func testLaptop(t *testing.T, c *cluster) {
	bind(t, c, account+"-port-forward")
	envoy := newEnvoy(t)
	address := envoy.Listener.Addr().String()
	k := newKubelet(t, c, address)
	c.runPod(t, "a", "192.0.2.10")
	t.Run("WebSocket", func(t *testing.T) {
		e := newExporter(t, c.outside(c.kubeconfig(t)))
		e.waitFor(t, up)
		if page := e.page(t); !strings.Contains(page, predictions) {
			t.Errorf("no predictions in\n%s", page)
		}
		requests, ports := k.seen()
		wantRequests := []string{"POST /portForward/istio-system/a SPDY/3.1 portforward.k8s.io"}
		if !cmp.Equal(requests, wantRequests) || !cmp.Equal(ports, []int32{15000}) {
			t.Errorf("the kubelet saw %q for the ports %d, want %q for 15000", requests, ports, wantRequests)
		}
		k.setAddress("127.0.0.1:0")
		envoy.CloseClientConnections()
		e.waitFor(t, down)
		e.waitForError(t, "the kubelet cannot reach port 15000")
		k.setAddress(address)
		e.waitFor(t, up)
	})
	t.Run("SPDY", func(t *testing.T) {
		proxy := c.proxyWithoutWebSockets(t)
		slices := filepath.Join(t.TempDir(), "exporter.yml")
		write(t, slices, "kubernetes_sd_configs: [{role: endpointslice, namespaces: {names: [istio-system]}}]")
		// Lists and then watches, as API servers before 1.34 require.
		t.Setenv("KUBE_FEATURE_WatchListClient", "false")
		e := newExporter(t, c.outside(writeKubeconfig(t, proxy, c.token(t)), "--config.file="+slices))
		e.waitFor(t, up)
		c.deletePod(t, "a")
		e.waitForNo(t, up)
		if page := e.page(t); strings.Contains(page, down) || !strings.Contains(page, predictions) {
			t.Errorf("the page does not have the last values of a deleted pod, or shows the pod as down:\n%s", page)
		}
	})
}

// The exporter runs as in a pod with only --kube: it uses the pod's service account
// and scrapes the gateway's pod over the network. A relabelling rule replaces the
// pod's address by the address of the test's Envoy, which cannot have port 15090.
func testPod(t *testing.T, c *cluster) {
	envoy := newEnvoy(t)
	c.runPod(t, "a", "192.0.2.10")
	rule := filepath.Join(t.TempDir(), "exporter.yml")
	write(t, rule, fmt.Sprintf("relabel_configs: [{source_labels: [__address__], regex: '192.0.2.10:15090', target_label: __address__, replacement: %q}]",
		envoy.Listener.Addr()))
	e := newExporter(t, c.inside(t, c.proxyWithoutWebSockets(t), "--config.file="+rule))
	e.waitFor(t, up)
	if page := e.page(t); !strings.Contains(page, predictions) {
		t.Errorf("no predictions in\n%s", page)
	}
	c.deletePod(t, "a")
}

func insecure() *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // the test server's certificate is self-signed
}

// proxyWithoutWebSockets runs a proxy in front of the API server until the test
// ends.
func (c *cluster) proxyWithoutWebSockets(t *testing.T) *api.Cluster {
	t.Helper()
	target, err := url.Parse(c.config.Host)
	must(t, err)
	reverse := httputil.NewSingleHostReverseProxy(target)
	reverse.Transport = insecure()
	reverse.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	proxy := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			http.Error(w, "no WebSockets here", http.StatusBadRequest)
			return
		}
		reverse.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})
	return &api.Cluster{Server: proxy.URL, CertificateAuthorityData: authority}
}

// The account has used every verb that the Roles allow, and has no other rights.
func testRights(t *testing.T, c *cluster) {
	if diff := cmp.Diff(names(grantedVerbs(t, c)), names(c.usedVerbs(t))); diff != "" {
		t.Errorf("verbs (-granted +used):\n%s", diff)
	}
	for _, more := range []authorizationv1.ResourceAttributes{
		{Verb: "get", Resource: "pods", Namespace: namespace},
		{Verb: "delete", Resource: "pods", Namespace: namespace},
		{Verb: "create", Resource: "pods", Subresource: "exec", Namespace: namespace},
		{Verb: "get", Resource: "pods", Subresource: "log", Namespace: namespace},
		{Verb: "list", Resource: "secrets", Namespace: namespace},
		{Verb: "list", Resource: "configmaps", Namespace: namespace},
		{Verb: "list", Resource: "pods", Namespace: "default"},
		{Verb: "list", Resource: "pods"},
		{Verb: "list", Resource: "nodes"},
		{Verb: "update", Resource: "roles", Group: rbacv1.GroupName, Namespace: namespace},
	} {
		review, err := c.admin.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{
				User:               "system:serviceaccount:" + namespace + ":" + account,
				Groups:             []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
				ResourceAttributes: &more,
			},
		}, metav1.CreateOptions{})
		must(t, err)
		if review.Status.Allowed {
			t.Errorf("the account may %s %s/%s in %q", more.Verb, more.Resource, more.Subresource, more.Namespace)
		}
	}
}

func names(verbs map[verb]bool) []string {
	var all []string
	for v := range maps.Keys(verbs) {
		all = append(all, fmt.Sprint(v))
	}
	return sorted(all)
}
