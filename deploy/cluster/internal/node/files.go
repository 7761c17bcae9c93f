package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/moodring/moodring/deploy/cluster/internal/pki"
)

// The networks of the node. They are not visible outside of the node.
const (
	nodeName        = "moodring"
	nodeAddress     = "10.245.0.1"
	podNetwork      = "10.244.0.0/24"
	serviceNetwork  = "10.96.0.0/16"
	apiAddress      = "10.96.0.1"  // the API server takes the first address of serviceNetwork
	DNSAddress      = "10.96.0.10" // of the Service kube-dns
	RegistryAddress = "10.96.0.11" // of the Service registry
	containerdState = "/run/containerd"
	// containerdSocket is outside of Inside, because containerd's folder in Inside can be
	// replaced.
	containerdSocket = containerdState + "/containerd.sock"
)

// Sandbox is the image of the process that holds a pod's namespaces.
const Sandbox = "moodring.local/pause:1"

// write creates the files of the node's programs.
func (s Settings) write() error {
	files := map[string]string{
		"etc/containerd.toml":                fmt.Sprintf(containerdConfig, Inside+"/containerd", containerdState, containerdSocket, Sandbox, s.Plugins, Inside+"/etc/cni", s.Runc, Inside+"/etc/registries"),
		"etc/cni/10-pods.conflist":           fmt.Sprintf(cniConfig, podNetwork),
		"etc/kubelet.yaml":                   fmt.Sprintf(kubeletConfig, s.cgroup(), DNSAddress, Inside+"/etc/resolv.conf", containerdSocket, Inside+"/pod-logs"),
		"etc/resolv.conf":                    "",
		"etc/registries/_default/hosts.toml": fmt.Sprintf(mirror, RegistryAddress),
	}
	for name, value := range tunables() {
		files[filepath.Join("etc/sys", name)] = value + "\n"
	}
	if err := addCredentials(files); err != nil {
		return err
	}
	for name, text := range files {
		file := s.file(name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
	}
	if s.Store != "" {
		if err := copyStore(s.Store, s.file("containerd")); err != nil {
			return fmt.Errorf("copying the images: %w", err)
		}
	}
	return errors.Join(os.RemoveAll(s.Logs), os.MkdirAll(s.Logs, 0o755))
}

// addCredentials makes the API server's certificate, the key of service accounts,
// and the administrator's token.
func addCredentials(files map[string]string) error {
	authority, err := pki.NewAuthority("moodring")
	if err != nil {
		return err
	}
	const service = "kubernetes.default.svc"
	server, err := authority.Server(service, service+".cluster.local", "kubernetes.default", "kubernetes", "localhost", "127.0.0.1", apiAddress, nodeAddress)
	if err != nil {
		return err
	}
	accounts, err := pki.SigningKey()
	if err != nil {
		return err
	}
	token := rand.Text()
	files["pki/ca.crt"], files["pki/ca.key"] = string(authority.Certificate), string(authority.Key)
	files["pki/api.crt"], files["pki/api.key"] = string(server.Certificate), string(server.Key)
	files["pki/accounts.pub"], files["pki/accounts.key"] = string(accounts.Certificate), string(accounts.Key)
	files["pki/tokens.csv"] = token + ",admin,admin,system:masters\n"
	files["kubeconfig"] = fmt.Sprintf(kubeconfig, Inside+"/pki/ca.crt", token)
	return nil
}

// The container runtime asks the node's own registry for the images of all registries.
const mirror = `server = "http://%[1]s"
[host."http://%[1]s"]
  capabilities = ["pull", "resolve"]
`

// ptp routes all packets of pods. A bridge would need the kernel setting
// net.bridge.bridge-nf-call-iptables before a pod could reach a Service.
const cniConfig = `{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "ptp", "ipMasq": false, "ipam": {
    "type": "host-local", "dataDir": "/var/lib/cni/networks",
    "ranges": [[{"subnet": "%s"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
`

const containerdConfig = `version = 3
root = "%s"
state = "%s"
oom_score = 0
# opt makes folders in /opt; the others are for storage and devices that the node has not.
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.btrfs"]
[grpc]
  address = "%s"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "%s"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["%s"]
  conf_dir = "%s"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "%s"
[plugins."io.containerd.cri.v1.images".registry]
  config_path = "%s"
`

// The kubelet reserves nothing for the machine and evicts pods late, because the
// node shares a small machine with other programs.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: /%s
failCgroupV1: false
enforceNodeAllocatable: []
clusterDomain: cluster.local
clusterDNS: [%s]
resolvConf: %s
containerRuntimeEndpoint: unix://%s
podLogsDir: %s
evictionHard: {memory.available: 100Mi, nodefs.available: 1%%, imagefs.available: 1%%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
maxPods: 200
registerNode: true
serializeImagePulls: false
syncFrequency: 10s
`

const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: moodring, cluster: {server: "https://127.0.0.1:6443", certificate-authority: %s}}]
users: [{name: admin, user: {token: %s}}]
contexts: [{name: moodring, context: {cluster: moodring, user: admin}}]
current-context: moodring
`
