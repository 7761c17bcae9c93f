//go:build !wasip1

package abi

// Proxy is the Host that a Filter uses.
type Proxy = Host
