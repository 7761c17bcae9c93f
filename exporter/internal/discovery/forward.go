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

// podDialer returns a Dial that connects to a pod through the API server, or nil
// without port_forward. client-go's own PortForwarder opens a local port for each
// pod: every user of the machine could reach the pod's Envoy through that port.
func (s *kubeSource) podDialer(namespace, pod string) Dial {
	if !s.PortForward {
		return nil
	}
	return func(ctx context.Context, _, hostPort string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(hostPort)
		if err != nil {
			return nil, err
		}
		portForward := s.core.Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
		connection, err := s.upgrade(ctx, portForward)
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

// upgrade asks for a WebSocket first, as kubectl does, and for SPDY if the WebSocket
// is refused: API servers before 1.31 know only SPDY.
func (s *kubeSource) upgrade(ctx context.Context, portForward *url.URL) (httpstream.Connection, error) {
	connection, err := s.upgradeToWebSocket(ctx, portForward)
	if httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err) {
		return s.upgradeToSPDY(ctx, portForward)
	}
	return connection, err
}

func (s *kubeSource) upgradeToWebSocket(ctx context.Context, portForward *url.URL) (httpstream.Connection, error) {
	transport, holder, err := websocket.RoundTripperFor(s.rest)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, portForward.String(), nil)
	if err != nil {
		return nil, err
	}
	socket, err := websocket.Negotiate(transport, holder, request, constants.WebsocketsSPDYTunnelingPortForwardV1)
	if err != nil {
		return nil, err
	}
	return streamspdy.NewClientConnectionWithPings(portforward.NewTunnelingConnection("exporter", socket), portforward.PingPeriod)
}

func (s *kubeSource) upgradeToSPDY(ctx context.Context, portForward *url.URL) (httpstream.Connection, error) {
	transport, upgrader, err := spdy.RoundTripperFor(s.rest)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, portForward.String(), nil)
	if err != nil {
		return nil, err
	}
	connection, _, err := spdy.NegotiateStreaming(upgrader, &http.Client{Transport: transport}, request, constants.PortForwardV1Name)
	return connection, err
}

// forwardedConn is a connection to a port of a pod. The kubelet sends error
// messages on a second stream.
type forwardedConn struct {
	httpstream.Stream // data
	connection        httpstream.Connection
	port              string
	errorsRead        chan struct{} // closed at the end of the error stream

	mu       sync.Mutex
	cause    error // the reason why the connection was closed, unless by Close
	deadline *time.Timer
}

func forward(connection httpstream.Connection, port string) (*forwardedConn, error) {
	headers := http.Header{}
	headers.Set(corev1.PortHeader, port)
	headers.Set(corev1.PortForwardRequestIDHeader, "0") // the only request on the connection
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	errorStream, err := connection.CreateStream(headers)
	if err != nil {
		return nil, err
	}
	if err := errorStream.Close(); err != nil { // for writing: only the kubelet writes errors
		return nil, err
	}
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := connection.CreateStream(headers)
	if err != nil {
		return nil, err
	}
	c := &forwardedConn{Stream: data, connection: connection, port: port, errorsRead: make(chan struct{})}
	go c.readErrors(errorStream)
	return c, nil
}

// readErrors reads the error stream to its end. A message closes the connection.
func (c *forwardedConn) readErrors(stream io.Reader) {
	defer close(c.errorsRead)
	const limit = 1 << 10
	text, err := io.ReadAll(io.LimitReader(stream, limit))
	if err == nil && len(text) > 0 {
		c.closeWith(fmt.Errorf("the kubelet cannot reach port %s: %s", c.port, strings.TrimSpace(string(text))))
	}
}

// closeWith closes the connection. Its methods return cause from then on, unless
// an earlier call gave another cause.
func (c *forwardedConn) closeWith(cause error) {
	c.mu.Lock()
	isFirst := c.cause == nil
	if isFirst {
		c.cause = cause
	}
	c.mu.Unlock()
	if isFirst {
		_ = c.connection.Close() // cause is the error to return
	}
}

// causeOr returns the cause given to closeWith, or err without one.
func (c *forwardedConn) causeOr(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return c.cause
	}
	return err
}

// Read reads data. If the data ended because of an error, Read returns the error;
// the kubelet closes both streams together.
func (c *forwardedConn) Read(p []byte) (int, error) {
	n, err := c.Stream.Read(p)
	if err == nil {
		return n, nil
	}
	<-c.errorsRead
	return n, c.causeOr(err)
}

func (c *forwardedConn) Write(p []byte) (int, error) {
	n, err := c.Stream.Write(p)
	if err != nil {
		err = c.causeOr(err)
	}
	return n, err
}

// Close also closes the connection to the API server, which has no other stream.
func (c *forwardedConn) Close() error {
	_ = c.SetDeadline(time.Time{}) // always nil
	return c.connection.Close()
}

// SetDeadline closes the connection at t for good, because streams have no
// deadlines. The exporter never reuses a connection after a missed deadline.
func (c *forwardedConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deadline != nil {
		c.deadline.Stop()
		c.deadline = nil
	}
	if !t.IsZero() {
		c.deadline = time.AfterFunc(time.Until(t), func() { c.closeWith(os.ErrDeadlineExceeded) })
	}
	return nil
}

func (c *forwardedConn) SetReadDeadline(t time.Time) error  { return c.SetDeadline(t) }
func (c *forwardedConn) SetWriteDeadline(t time.Time) error { return c.SetDeadline(t) }

type podAddr string

func (podAddr) Network() string  { return "portforward" }
func (a podAddr) String() string { return string(a) }

func (c *forwardedConn) LocalAddr() net.Addr  { return podAddr("exporter") }
func (c *forwardedConn) RemoteAddr() net.Addr { return podAddr("port " + c.port) }
