//go:build !wasip1

package host

// Proxy is the Host that a Filter asks.
type Proxy = Host
