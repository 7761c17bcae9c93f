package discovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	constants "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/transport/websocket"
	"k8s.io/streaming/pkg/httpstream"
	streamspdy "k8s.io/streaming/pkg/httpstream/spdy"
)

// dialer returns what connects to a pod through the API server, nil where pods
// are reached directly. client-go's own PortForwarder opens a local port for
// each pod, through which all users of the machine would reach its Envoy.
func (c *cluster) dialer(namespace, pod string) Dial {
	if !c.PortForward {
		return nil
	}
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		at := c.core.Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
		connection, err := c.upgrade(ctx, at)
		if err != nil {
			return nil, fmt.Errorf("port-forwarding to pod %s/%s: %w", namespace, pod, err)
		}
		forwarded, err := forward(connection, port)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("port-forwarding to pod %s/%s: %w", namespace, pod, err), connection.Close())
		}
		return forwarded, nil
	}
}

// upgrade asks for a WebSocket, as kubectl does, and for SPDY where that is
// refused: API servers before 1.31 know only SPDY.
func (c *cluster) upgrade(ctx context.Context, at *url.URL) (httpstream.Connection, error) {
	connection, err := c.upgradeToWebSocket(ctx, at)
	if httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err) {
		return c.upgradeToSPDY(ctx, at)
	}
	return connection, err
}

func (c *cluster) upgradeToWebSocket(ctx context.Context, at *url.URL) (httpstream.Connection, error) {
	transport, holder, err := websocket.RoundTripperFor(c.rest)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	socket, err := websocket.Negotiate(transport, holder, request, constants.WebsocketsSPDYTunnelingPortForwardV1)
	if err != nil {
		return nil, err
	}
	return streamspdy.NewClientConnectionWithPings(portforward.NewTunnelingConnection("exporter", socket), portforward.PingPeriod)
}

func (c *cluster) upgradeToSPDY(ctx context.Context, at *url.URL) (httpstream.Connection, error) {
	transport, upgrader, err := spdy.RoundTripperFor(c.rest)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), nil)
	if err != nil {
		return nil, err
	}
	connection, _, err := spdy.NegotiateStreaming(upgrader, &http.Client{Transport: transport}, request, constants.PortForwardV1Name)
	return connection, err
}

// forwarded is a connection to a port of a pod: a stream of data, beside one on
// which the kubelet says what went wrong.
type forwarded struct {
	httpstream.Stream
	connection httpstream.Connection
	port       string
	heard      chan struct{} // closed when there is no more to hear from the kubelet

	mu       sync.Mutex
	failed   error // why the connection was closed, if not by Close
	deadline *time.Timer
}

func forward(connection httpstream.Connection, port string) (*forwarded, error) {
	headers := http.Header{}
	headers.Set(corev1.PortHeader, port)
	headers.Set(corev1.PortForwardRequestIDHeader, "0") // the connection has no other
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	complaints, err := connection.CreateStream(headers)
	if err != nil {
		return nil, err
	}
	if err := complaints.Close(); err != nil { // nothing is written to it
		return nil, err
	}
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := connection.CreateStream(headers)
	if err != nil {
		return nil, err
	}
	f := &forwarded{Stream: data, connection: connection, port: port, heard: make(chan struct{})}
	go f.listen(complaints)
	return f, nil
}

// listen waits for the kubelet's complaint, or the end of its stream.
func (f *forwarded) listen(complaints io.Reader) {
	defer close(f.heard)
	const limit = 1 << 10
	text, err := io.ReadAll(io.LimitReader(complaints, limit))
	if err == nil && len(text) > 0 {
		f.fail(fmt.Errorf("the kubelet cannot reach port %s: %s", f.port, strings.TrimSpace(string(text))))
	}
}

// fail closes the connection, whose errors are why from now on, unless it failed
// before.
func (f *forwarded) fail(why error) {
	f.mu.Lock()
	isFirst := f.failed == nil
	if isFirst {
		f.failed = why
	}
	f.mu.Unlock()
	if isFirst {
		_ = f.connection.Close() // why is the error to show
	}
}

// why returns what the connection failed of, or else err.
func (f *forwarded) why(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed != nil {
		return f.failed
	}
	return err
}

// Read tells why the data ended. The kubelet ends both streams together.
func (f *forwarded) Read(p []byte) (int, error) {
	n, err := f.Stream.Read(p)
	if err == nil {
		return n, nil
	}
	<-f.heard
	return n, f.why(err)
}

func (f *forwarded) Write(p []byte) (int, error) {
	n, err := f.Stream.Write(p)
	if err != nil {
		err = f.why(err)
	}
	return n, err
}

// Close closes the way there too: it was made for this stream.
func (f *forwarded) Close() error {
	_ = f.SetDeadline(time.Time{}) // it never fails
	return f.connection.Close()
}

// SetDeadline closes the connection at t, for good: streams have no deadlines,
// and whoever missed one has no more use for the connection.
func (f *forwarded) SetDeadline(t time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.deadline != nil {
		f.deadline.Stop()
		f.deadline = nil
	}
	if !t.IsZero() {
		f.deadline = time.AfterFunc(time.Until(t), func() { f.fail(os.ErrDeadlineExceeded) })
	}
	return nil
}

func (f *forwarded) SetReadDeadline(t time.Time) error  { return f.SetDeadline(t) }
func (f *forwarded) SetWriteDeadline(t time.Time) error { return f.SetDeadline(t) }

type podAddr string

func (podAddr) Network() string  { return "portforward" }
func (a podAddr) String() string { return string(a) }

func (f *forwarded) LocalAddr() net.Addr  { return podAddr("exporter") }
func (f *forwarded) RemoteAddr() net.Addr { return podAddr("port " + f.port) }
