// Package conform holds what dashgen writes against the programs that read it:
// Prometheus's rule manager, prometheus-operator's, Kiali's and Kubernetes's own
// types, and kustomize. It is tests only, in a module of its own, so that
// whoever builds dashgen need not download all of those.
package conform
