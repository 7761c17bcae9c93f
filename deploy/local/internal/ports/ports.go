// Package ports finds free ports on this machine.
package ports

import (
	"fmt"
	"net"
)

// Free returns ports of 127.0.0.1 on which no program listens.
func Free(n int) (free []int, err error) {
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		free = append(free, listener.Addr().(*net.TCPAddr).Port)
	}
	return free, nil
}

// Address returns HOST:PORT of a port.
func Address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// URL returns the address of an HTTP server on a port.
func URL(port int) string { return "http://" + Address(port) }
