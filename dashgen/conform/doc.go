// Package conform tests dashgen's output with the programs that read it:
// Prometheus's rule manager, kustomize, TypeScript's compiler, and the types of
// Prometheus, prometheus-operator, Kiali, Kubernetes and Grafana. It holds tests
// only. Their dependencies are large, so they have a module of their own.
package conform
