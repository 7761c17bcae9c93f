package kubetest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
)

// kubelet is the part of a kubelet that forwards ports. The streams use the real
// kubelet's code. Every port of every pod leads to the same address.
type kubelet struct {
	address string

	mu       sync.Mutex
	requests []string // for an upgrade of the connection
	ports    []int32
}

// newKubelet runs a kubelet until the test ends, and creates the node.
func newKubelet(t *testing.T, c *cluster, address string) *kubelet {
	t.Helper()
	k := &kubelet{address: address}
	server := httptest.NewTLSServer(k)
	t.Cleanup(server.Close)
	port := server.Listener.Addr().(*net.TCPAddr).Port
	n, err := c.admin.CoreV1().Nodes().Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}, metav1.CreateOptions{})
	must(t, err)
	n.Status = corev1.NodeStatus{
		Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(port)}},
	}
	_, err = c.admin.CoreV1().Nodes().UpdateStatus(t.Context(), n, metav1.UpdateOptions{})
	must(t, err)
	return k
}

func (k *kubelet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	k.requests = append(k.requests, strings.Join([]string{r.Method, r.URL.Path, r.Header.Get("Upgrade"), r.Header.Get("X-Stream-Protocol-Version")}, " "))
	k.mu.Unlock()
	if !strings.HasPrefix(r.URL.Path, "/portForward/") {
		http.NotFound(w, r)
		return
	}
	portforward.ServePortForward(w, r, k, "", "", nil, time.Minute, time.Minute, portforward.SupportedProtocols)
}

// PortForward connects the stream with the address.
func (k *kubelet) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	k.mu.Lock()
	k.ports = append(k.ports, port)
	address := k.address
	k.mu.Unlock()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return errors.New("connection refused") // as in a real kubelet's message, without the address
	}
	defer func() { _ = conn.Close() }()
	go func() { _, _ = io.Copy(conn, stream) }()
	_, err = io.Copy(stream, conn)
	return err
}

func (k *kubelet) seen() (requests []string, ports []int32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.requests...), append([]int32(nil), k.ports...)
}

func (k *kubelet) setAddress(address string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.address = address
}
