package abi

// Proxy is the Host that a Filter uses. The module has a single implementation,
// so the compiler can inline its methods.
type Proxy = *Envoy
