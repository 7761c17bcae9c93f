package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// needed maps each program that a node takes from the machine to its package in
// Debian and Ubuntu.
func needed() [][2]string {
	return [][2]string{
		{"ip", "iproute2"}, {"iptables", "iptables"}, {"runc", "runc"}, {"redis-server", "redis-server"}, {"curl", "curl"},
		{"pgrep", "procps"},
	}
}

// pluginFolders are where distributions install the CNI plugins.
func pluginFolders() []string {
	return []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}
}

// Check sets the paths of the machine's programs. It returns an error of a single line
// if this machine cannot run a node.
func (s *Settings) Check() error {
	if os.Geteuid() != 0 {
		return errors.New("the cluster needs root, for namespaces and mounts: run it with sudo")
	}
	var missing []string
	for _, program := range needed() {
		if _, err := exec.LookPath(program[0]); err != nil {
			missing = append(missing, program[1])
		}
	}
	for _, folder := range pluginFolders() {
		if _, err := os.Stat(filepath.Join(folder, "ptp")); err == nil && s.Plugins == "" {
			s.Plugins = folder
		}
	}
	if s.Plugins == "" {
		missing = append(missing, "containernetworking-plugins")
	}
	if len(missing) > 0 {
		return fmt.Errorf("the cluster needs more programs: apt-get install %s", strings.Join(missing, " "))
	}
	var err error
	if s.Runc, err = exec.LookPath("runc"); err != nil {
		return err
	}
	if _, err := hierarchies(); err != nil {
		return err
	}
	return probe()
}

// probe tries namespaces, mounts and iptables, in a process of its own.
func probe() error {
	command := exec.Command("/proc/self/exe", "probe")
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
	}
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return fmt.Errorf("the cluster cannot run on this machine: %s", strings.TrimPrefix(strings.TrimSpace(string(out)), "cluster: "))
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("the cluster cannot make namespaces on this machine: %w; a container needs --privileged", err)
}

// Probe is the process of probe. It tries every feature of the kernel that a node
// needs.
func Probe() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("no mounts: %w; a container needs --privileged", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("no tmpfs: %w; a container needs --privileged", err)
	}
	if err := errors.Join(os.Mkdir("/run/upper", 0o755), os.Mkdir("/run/work", 0o755)); err != nil {
		return err
	}
	if err := unix.Mount("overlay", "/var", "overlay", 0, "lowerdir=/var,upperdir=/run/upper,workdir=/run/work"); err != nil {
		return fmt.Errorf("no overlay file system: %w; load the kernel's module overlay", err)
	}
	if out, err := exec.Command("iptables", "-w", "-t", "nat", "-L", "-n").CombinedOutput(); err != nil {
		return fmt.Errorf("no iptables: %s; load the kernel's modules ip_tables or nf_tables", strings.Join(strings.Fields(string(out)), " "))
	}
	if out, err := exec.Command("ip", "link", "add", "probe0", "type", "veth", "peer", "name", "probe1").CombinedOutput(); err != nil {
		return fmt.Errorf("no veth interfaces: %s; load the kernel's module veth", strings.TrimSpace(string(out)))
	}
	return nil
}
