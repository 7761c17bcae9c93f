package abi

// Proxy is the Host that a Filter asks. In a module there is one kind, so that the
// compiler knows what it calls.
type Proxy = *Envoy
