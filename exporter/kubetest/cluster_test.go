package kubetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app/testing"
)

const (
	namespace = "istio-system"
	account   = "moodring-exporter"
	node      = "node"
)

// cluster is an API server with its own etcd.
type cluster struct {
	admin    *kubernetes.Clientset
	config   *rest.Config // for admin
	audit    string       // path of the audit log
	exporter string       // path of the program
}

// newCluster runs a cluster until the test ends.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	folder := t.TempDir()
	policy := filepath.Join(folder, "policy.yaml")
	write(t, policy, "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n")
	c := &cluster{audit: filepath.Join(folder, "audit.log"), exporter: buildExporter(t)}
	server := apiserver.StartTestServerOrDie(t, nil, []string{
		"--authorization-mode=RBAC",
		"--audit-policy-file=" + policy,
		"--audit-log-path=" + c.audit,
		"--kubelet-preferred-address-types=InternalIP",
		// No controller creates the accounts and classes that these plugins require.
		"--disable-admission-plugins=ServiceAccount,Priority,TaintNodesByCondition",
	}, &storagebackend.Config{Prefix: "/registry", Transport: storagebackend.TransportConfig{ServerList: []string{etcd(t)}}})
	t.Cleanup(server.TearDownFn)
	c.config = server.ClientConfig
	c.admin = kubernetes.NewForConfigOrDie(server.ClientConfig)
	c.createNamespace(t, namespace)
	return c
}

// etcd runs until the test ends. The result is the address.
func etcd(t *testing.T) string {
	t.Helper()
	cfg := embed.NewConfig()
	cfg.Dir = t.TempDir()
	cfg.LogLevel = "fatal"
	cfg.EnableGRPCGateway = false
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	cfg.ListenClientUrls, cfg.ListenPeerUrls = anyPort, anyPort
	server, err := embed.StartEtcd(cfg)
	must(t, err)
	t.Cleanup(server.Close)
	select {
	case <-server.Server.ReadyNotify():
	case err := <-server.Err():
		t.Fatal(err)
	}
	return "http://" + server.Clients[0].Addr().String()
}

// kubeconfig writes a kubeconfig with a token of the exporter's service account.
func (c *cluster) kubeconfig(t *testing.T) string {
	t.Helper()
	return writeKubeconfig(t, c.apiServer(), c.token(t))
}

// adminKubeconfig writes a kubeconfig with the token of an administrator.
func (c *cluster) adminKubeconfig(t *testing.T) string {
	t.Helper()
	return writeKubeconfig(t, c.apiServer(), c.config.BearerToken)
}

func (c *cluster) apiServer() *api.Cluster {
	return &api.Cluster{Server: c.config.Host, CertificateAuthorityData: c.config.CAData, TLSServerName: c.config.ServerName}
}

// token returns a token of the exporter's service account.
func (c *cluster) token(t *testing.T) string {
	t.Helper()
	token, err := c.admin.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	must(t, err)
	return token.Status.Token
}

func writeKubeconfig(t *testing.T, server *api.Cluster, token string) string {
	t.Helper()
	cfg := api.NewConfig()
	cfg.Clusters["test"] = server
	cfg.AuthInfos["test"] = &api.AuthInfo{Token: token}
	cfg.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: "test"}
	cfg.CurrentContext = "test"
	file := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, clientcmd.WriteToFile(*cfg, file))
	return file
}

// verb is an operation on a resource of the API.
type verb struct{ Group, Resource, Verb string }

// usedVerbs returns the verbs that the exporter's account used and was allowed to
// use.
func (c *cluster) usedVerbs(t *testing.T) map[verb]bool {
	t.Helper()
	text, err := os.ReadFile(c.audit)
	must(t, err)
	all := make(map[verb]bool)
	lines := json.NewDecoder(bytes.NewReader(text))
	for {
		var event struct {
			Verb        string
			User        struct{ Username string }
			ObjectRef   struct{ APIGroup, Resource, Subresource string }
			Annotations map[string]string
		}
		err := lines.Decode(&event)
		if errors.Is(err, io.EOF) {
			return all
		}
		must(t, err)
		if event.User.Username != "system:serviceaccount:"+namespace+":"+account || event.Annotations["authorization.k8s.io/decision"] != "allow" {
			continue
		}
		resource := event.ObjectRef.Resource
		if event.ObjectRef.Subresource != "" {
			resource += "/" + event.ObjectRef.Subresource
		}
		all[verb{event.ObjectRef.APIGroup, resource, event.Verb}] = true
	}
}

// createNamespace creates a namespace, unless it exists.
func (c *cluster) createNamespace(t *testing.T, name string) {
	t.Helper()
	_, err := c.admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		must(t, err)
	}
}

// runPod creates a pod of the gateway with the status of a running pod at ip.
func (c *cluster) runPod(t *testing.T, name, ip string) *corev1.Pod {
	t.Helper()
	return c.runPodIn(t, namespace, name, ip, map[string]string{"app": "istio-ingressgateway", "istio.io/rev": "default"})
}

func (c *cluster) runPodIn(t *testing.T, namespace, name, ip string, labels map[string]string) *corev1.Pod {
	t.Helper()
	pod, err := c.admin.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Labels:      labels,
			Annotations: map[string]string{"proxy.istio.io/config": "{}"},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "istio-ingressgateway-5f", UID: "1", Controller: new(true),
			}},
		},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "istio-proxy", Image: "proxyv2"}}},
	}, metav1.CreateOptions{})
	must(t, err)
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, HostIP: "192.0.2.1", HostIPs: []corev1.HostIP{{IP: "192.0.2.1"}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	pod, err = c.admin.CoreV1().Pods(namespace).UpdateStatus(t.Context(), pod, metav1.UpdateOptions{})
	must(t, err)
	return pod
}

// deletePod removes a pod as the kubelet does after the last process has ended.
func (c *cluster) deletePod(t *testing.T, name string) {
	t.Helper()
	must(t, c.admin.CoreV1().Pods(namespace).Delete(t.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)}))
}

// timeout is long: an idle machine needs well under a second for each step.
const timeout = time.Minute

// next receives a value.
func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	var value T
	select {
	case value = <-from:
	case <-time.After(timeout):
		t.Fatalf("no %T within %s", value, timeout)
	}
	return value
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o600))
}
