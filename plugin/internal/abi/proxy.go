//go:build !wasip1

package abi

// Proxy is the Host that a Filter asks.
type Proxy = Host
