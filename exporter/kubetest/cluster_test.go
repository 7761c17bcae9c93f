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

// cluster is an API server with its etcd.
type cluster struct {
	admin    *kubernetes.Clientset
	config   *rest.Config // admin's
	audit    string       // file
	exporter string       // the program
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
		// No controller makes the accounts and classes that these ask for.
		"--disable-admission-plugins=ServiceAccount,Priority,TaintNodesByCondition",
	}, &storagebackend.Config{Prefix: "/registry", Transport: storagebackend.TransportConfig{ServerList: []string{etcd(t)}}})
	t.Cleanup(server.TearDownFn)
	c.config = server.ClientConfig
	c.admin = kubernetes.NewForConfigOrDie(server.ClientConfig)
	_, err := c.admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	must(t, err)
	return c
}

// etcd runs etcd until the test ends, and returns its address.
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

// kubeconfig writes a file with a token of the exporter's account.
func (c *cluster) kubeconfig(t *testing.T) string {
	t.Helper()
	return writeKubeconfig(t, c.api(), c.token(t))
}

// adminKubeconfig writes a file with the token of whoever may do everything.
func (c *cluster) adminKubeconfig(t *testing.T) string {
	t.Helper()
	return writeKubeconfig(t, c.api(), c.config.BearerToken)
}

func (c *cluster) api() *api.Cluster {
	return &api.Cluster{Server: c.config.Host, CertificateAuthorityData: c.config.CAData, TLSServerName: c.config.ServerName}
}

// token returns one of the exporter's account.
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

// verb is something done to a resource of the API.
type verb struct{ Group, Resource, Verb string }

// used returns what the exporter's account was allowed to do and did.
func (c *cluster) used(t *testing.T) map[verb]bool {
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

// run creates a pod of the gateway and says that it runs at ip.
func (c *cluster) run(t *testing.T, name, ip string) *corev1.Pod {
	t.Helper()
	pod, err := c.admin.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Labels:      map[string]string{"app": "istio-ingressgateway", "istio.io/rev": "default"},
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

// kill ends a pod as the kubelet does when its processes are gone.
func (c *cluster) kill(t *testing.T, name string) {
	t.Helper()
	must(t, c.admin.CoreV1().Pods(namespace).Delete(t.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)}))
}

// patience is for what takes well under a second on a machine that is not busy.
const patience = time.Minute

// next returns what comes next.
func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	var value T
	select {
	case value = <-from:
	case <-time.After(patience):
		t.Fatalf("no %T within %s", value, patience)
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
