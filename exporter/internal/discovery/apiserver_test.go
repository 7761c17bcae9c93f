package discovery

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// apiServer is a Kubernetes API that lists pods. The pods of a listed namespace
// never change. The kubetest module tests with a real API server.
type apiServer struct {
	*httptest.Server
	mu    sync.Mutex
	pods  map[string][]string // IP addresses by namespace; other namespaces are forbidden
	drain chan struct{}       // closed: ends the watches
}

func newAPIServer(t *testing.T, pods map[string][]string) *apiServer {
	t.Helper()
	a := &apiServer{pods: pods, drain: make(chan struct{})}
	a.Server = httptest.NewServer(a)
	t.Cleanup(func() {
		close(a.drain)
		a.Close()
	})
	return a
}

// kubeconfig writes a kubeconfig for the server and returns its path.
func (a *apiServer) kubeconfig(t *testing.T) string {
	t.Helper()
	return kubeconfig(t, a.URL)
}

func kubeconfig(t *testing.T, url string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	write(t, file, `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: '`+url+`'}}], users: [{name: u, user: {}}]}`)
	return file
}

// allow gives the account the rights in a namespace.
func (a *apiServer) allow(namespace string, ips ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pods[namespace] = ips
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	namespace := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/api/v1/namespaces/"), "/pods")
	a.mu.Lock()
	ips, isAllowed := a.pods[namespace]
	a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case !isAllowed:
		refuse(w, http.StatusForbidden, metav1.StatusReasonForbidden)
	case r.FormValue("sendInitialEvents") != "": // not supported: the client lists instead
		refuse(w, http.StatusUnprocessableEntity, metav1.StatusReasonInvalid)
	case r.FormValue("watch") != "":
		w.(http.Flusher).Flush()
		select {
		case <-a.drain:
		case <-r.Context().Done():
		}
	default:
		_ = json.NewEncoder(w).Encode(podList(namespace, ips)) // the client may have gone
	}
}

func refuse(w http.ResponseWriter, code int, reason metav1.StatusReason) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(metav1.Status{ // the client may have gone
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Code: int32(code), Reason: reason, Message: string(reason),
	})
}

func podList(namespace string, ips []string) *corev1.PodList {
	list := &corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, ListMeta: metav1.ListMeta{ResourceVersion: "1"}}
	for i, ip := range ips {
		list.Items = append(list.Items, corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprint("pod-", i), UID: types.UID(namespace + ip), ResourceVersion: "1"},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip},
		})
	}
	return list
}

// A namespace without rights does not hide the gateways of another namespace, and
// the exporter becomes ready.
func TestForbiddenNamespace(t *testing.T) {
	a := newAPIServer(t, map[string][]string{"istio-system": {"192.0.2.1"}})
	d := discover(t, "kubernetes_sd_configs: [{kubeconfig_file: "+a.kubeconfig(t)+", namespaces: {names: [models, istio-system]}}]")
	gateway := `http://192.0.2.1:15090 {gateway="istio-system/pod-0"}`
	d.wait(t, gateway)
	if kind := <-d.failed; kind != "kubernetes" {
		t.Errorf("a failure of %s", kind)
	}
	d.waitReady(t)
	a.allow("models", "192.0.2.2")
	d.wait(t, gateway, `http://192.0.2.2:15090 {gateway="models/pod-0"}`)
}

// forbid takes the rights in a namespace away. Running watches go on.
func (a *apiServer) forbid(namespace string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.pods, namespace)
}

// A reload keeps every gateway until the new source for the namespace has given a
// list.
func TestReloadKeepsGatewaysUntilTheNewSourceReports(t *testing.T) {
	a := newAPIServer(t, map[string][]string{"istio-system": {"192.0.2.1"}, "other": {"192.0.2.9"}})
	file := a.kubeconfig(t)
	sd := func(more string) string {
		return "kubernetes_sd_configs: [{kubeconfig_file: " + file + ", " + more + "}]"
	}
	gateway, moved := `http://192.0.2.1:15090 {gateway="istio-system/pod-0"}`, `http://192.0.2.2:15020 {gateway="istio-system/pod-0"}`
	other := `http://192.0.2.9:15090 {gateway="other/pod-0"}`
	d := discover(t, sd("namespaces: {names: [istio-system]}"))
	d.wait(t, gateway)

	d.apply(t, sd("namespaces: {names: [istio-system, models]}")) // models is forbidden
	d.wait(t, gateway)
	d.apply(t, sd("namespaces: {names: [istio-system, other]}"))
	d.wait(t, gateway, other)

	a.forbid("istio-system")
	d.apply(t, sd("namespaces: {names: [istio-system, other]}, label: app=another, port: 15020"))
	d.wait(t, gateway, `http://192.0.2.9:15020 {gateway="other/pod-0"}`) // other has reported, istio-system has not
	d.apply(t, sd("namespaces: {names: [istio-system]}, port: 15020"))   // a second reload before the new source of the first has reported
	d.wait(t, gateway)
	d.apply(t, sd("namespaces: {names: [istio-system]}")) // back to the source that still runs
	d.wait(t, gateway)
	d.apply(t, sd("namespaces: {names: [istio-system]}, port: 15020"))
	d.wait(t, gateway)
	a.allow("istio-system", "192.0.2.2")
	d.wait(t, moved)

	a.forbid("models")
	d.apply(t, sd("namespaces: {names: [models]}"))
	d.wait(t, moved)
	d.apply(t, "gateways: [{url: 'http://a:1'}]") // without a new source, the old one is removed
	d.wait(t, `http://a:1 {gateway="a:1"}`)
	if len(d.retired) > 0 {
		t.Errorf("%d sources still run", len(d.retired))
	}
}

// An API server that does not respond does not stop a reload.
func TestReloadWithoutAPIServer(t *testing.T) {
	a := newAPIServer(t, map[string][]string{"istio-system": {"192.0.2.1"}})
	file := a.kubeconfig(t)
	d := discover(t, "kubernetes_sd_configs: [{kubeconfig_file: "+file+", namespaces: {names: [istio-system]}}]")
	gateway := `http://192.0.2.1:15090 {gateway="istio-system/pod-0"}`
	d.wait(t, gateway)
	a.forbid("")
	d.apply(t, "kubernetes_sd_configs: [{kubeconfig_file: "+file+"}]") // all namespaces
	d.wait(t, gateway)
	d.apply(t, "kubernetes_sd_configs: [{kubeconfig_file: "+kubeconfig(t, "http://127.0.0.1:1")+", namespaces: {names: [istio-system]}}]")
	d.wait(t, gateway)
}

// logged is a log that tests read while it is written.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

// An empty list is logged once, with the labels and the namespace.
func TestNothingFoundIsLogged(t *testing.T) {
	a := newAPIServer(t, map[string][]string{"istio-system": nil, "models": {"192.0.2.1"}})
	d, log := newDiscovery(t), new(logged)
	d.Logger = slog.New(slog.NewTextHandler(log, nil))
	d.apply(t, "kubernetes_sd_configs: [{kubeconfig_file: "+a.kubeconfig(t)+", namespaces: {names: [models, istio-system]}, label: app=gateway}]")
	d.wait(t, `http://192.0.2.1:15090 {gateway="models/pod-0"}`)
	d.waitReady(t)
	const want = "found no gateways: looked for pods with app=gateway in namespace istio-system"
	if log.count(want) != 1 || log.count("found no gateways") != 1 {
		t.Errorf("the log is\n%s", log.text.String())
	}
	if diff := cmp.Diff(map[string]bool{"kubernetes": true}, d.Up()); diff != "" {
		t.Errorf("up (-want +got):\n%s", diff)
	}
}

// An API server that refuses connections is counted, before and after the first
// list, and the source is up again with the server.
func TestAPIServerOutOfReach(t *testing.T) {
	a := newAPIServer(t, map[string][]string{"istio-system": {"192.0.2.1"}})
	address := a.Listener.Addr().String()
	d := discover(t, "kubernetes_sd_configs: [{kubeconfig_file: "+a.kubeconfig(t)+", namespaces: {names: [istio-system]}}]")
	d.wait(t, `http://192.0.2.1:15090 {gateway="istio-system/pod-0"}`)
	_ = a.Listener.Close()
	a.CloseClientConnections()
	<-d.failed
	if d.Up()["kubernetes"] {
		t.Error("up without an API server")
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	again := &http.Server{Handler: a}
	go func() { _ = again.Serve(listener) }()
	t.Cleanup(func() { _ = again.Close() })
	d.waitFor(t, "the source is up", func() bool { return d.Up()["kubernetes"] })

	alone := discover(t, "kubernetes_sd_configs: [{kubeconfig_file: "+kubeconfig(t, "http://127.0.0.1:1")+"}]")
	<-alone.failed
	if alone.Up()["kubernetes"] || alone.IsReady() {
		t.Error("up or ready without a first list")
	}
}
