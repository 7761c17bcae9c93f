// Package forward makes addresses of a node reachable from the machine.
package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Dialer connects to an address within the node.
type Dialer interface {
	Dial(ctx context.Context, address string) (net.Conn, error)
}

// Listen accepts connections on a port of the loopback address until ctx is done, and
// passes them on to an address within the node. It returns its own address, with
// another port if the port is taken.
func Listen(ctx context.Context, node Dialer, port int, to string) (string, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return "", err
		}
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	go func() {
		for {
			from, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				go pass(ctx, node, from, to)
			}
		}
	}()
	return listener.Addr().String(), nil
}

// pass copies both directions until both have ended.
func pass(ctx context.Context, node Dialer, from net.Conn, to string) {
	defer from.Close()
	inside, err := node.Dial(ctx, to)
	if err != nil {
		return // the caller sees a closed connection
	}
	defer inside.Close()
	end := context.AfterFunc(ctx, func() { _, _ = from.Close(), inside.Close() })
	defer end()
	var both sync.WaitGroup
	both.Go(func() { copyOneWay(inside, from) })
	both.Go(func() { copyOneWay(from, inside) })
	both.Wait()
}

// copyOneWay also passes on the end of the stream.
func copyOneWay(to, from net.Conn) {
	_, _ = io.Copy(to, from) // an error ends the stream
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}
