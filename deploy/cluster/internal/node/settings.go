// Package node runs a Kubernetes node of one machine in namespaces of its own: mounts,
// processes, network, host name and IPC. The node vanishes with its first process.
package node

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Settings are the folders and the programs of a node.
type Settings struct {
	// Folder holds the node's state. It is removed when the node ends.
	Folder string `json:"folder"`
	// Logs keeps the logs of the programs until the next node starts.
	Logs string `json:"logs"`
	// Path lists the folders with the programs of Kubernetes and containerd.
	Path []string `json:"path"`
	// Runc is runc's binary, and Plugins the folder of the CNI plugins.
	Runc    string `json:"runc"`
	Plugins string `json:"plugins"`
	// Store is a folder of containerd's with images. The node gets a copy.
	Store string `json:"store"`
	// Images is the folder of the registry's images, at InsideImages in the node.
	Images string `json:"images"`
	// OnlyContainerd starts containerd alone, to fill its image store.
	OnlyContainerd bool `json:"onlyContainerd"`
}

// Inside is the path of Settings.Folder within the node. It is short, as the path of
// a socket has at most 107 bytes.
const Inside = "/run/moodring"

// InsideImages is the path of Settings.Images within the node.
const InsideImages = "/run/moodring-images"

// Kubeconfig is the path within the node of the administrator's credentials.
const Kubeconfig = Inside + "/kubeconfig"

// cgroup is the name of the node's cgroup. Two checkouts have different names.
func (s Settings) cgroup() string {
	sum := sha256.Sum256([]byte(s.Folder))
	return "moodring-" + hex.EncodeToString(sum[:4])
}

func (s Settings) file(elements ...string) string {
	return filepath.Join(append([]string{s.Folder}, elements...)...)
}

// save writes the settings for the processes that run the node.
func (s Settings) save() error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(s.file("settings.json"), text, 0o600)
}

// load reads the settings of the node in folder.
func load(folder string) (Settings, error) {
	var s Settings
	text, err := os.ReadFile(filepath.Join(folder, "settings.json"))
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("settings of the node: %w", err)
	}
	return s, nil
}

// environment is the environment of the node's programs and of commands in it.
func (s Settings) environment() []string {
	path := append([]string{}, s.Path...)
	path = append(path, "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
	return []string{
		"PATH=" + strings.Join(path, ":"),
		"HOME=" + Inside,
		"KUBECONFIG=" + Kubeconfig,
		"CONTAINERD_ADDRESS=" + containerdSocket,
		"CONTAINERD_NAMESPACE=k8s.io",
	}
}
