// Package kubetest has no code but tests: of the exporter, and of the manifests in deploy/exporter, against a real
// kube-apiserver and a real etcd in this process. Of a cluster's other parts there is only a kubelet that does nothing but
// forward ports. It is a module of its own because building Kubernetes takes minutes.
package kubetest
