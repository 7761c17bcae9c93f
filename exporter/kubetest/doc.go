// Package kubetest tests the exporter and all manifests against a real kube-apiserver and a real etcd, which run in the
// test's process. The only other part of the cluster is a kubelet that forwards ports. The package is in
// its own module because building Kubernetes takes minutes.
package kubetest
