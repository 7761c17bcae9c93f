package forward_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/moodring/moodring/deploy/cluster/internal/forward"
)

// local stands for a node whose addresses are the machine's.
type local struct{}

func (local) Dial(ctx context.Context, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

func TestListen(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, "hello "+r.URL.Path) }))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address, err := forward.Listen(ctx, local{}, taken.Addr().(*net.TCPAddr).Port, server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get("http://" + address + "/you")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "hello /you" {
		t.Errorf("%q, %v", body, err)
	}
	cancel()
}
