package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Main is the node's first process. It returns when a program of the node has failed,
// and the kernel then ends all processes of the node.
func Main(folder string, stderr io.Writer) error {
	s, err := load(folder)
	if err != nil {
		return err
	}
	if err := s.prepare(); err != nil {
		return err
	}
	return s.run(stderr)
}

// prepare makes the node's mounts and its network. Both vanish with the namespaces.
func (s Settings) prepare() error {
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"mounts", s.mount},
		{"kernel settings", maskTunables},
		{"host name", func() error { return unix.Sethostname([]byte(nodeName)) }},
		{"network", setNetwork},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s of the node: %w", step.name, err)
		}
	}
	return nil
}

// mount hides the machine's /run and /var. The state folder is at Inside.
func (s Settings) mount() error {
	folder, err := os.Open(s.Folder)
	if err != nil {
		return err
	}
	defer folder.Close()
	images, err := os.Open(s.Images)
	if err != nil {
		return fmt.Errorf("%w; `make images` writes the images", err)
	}
	defer images.Close()
	if err := errors.Join(
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), // the machine's mounts must not change
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""),  // the container runtime asks for a shared root
		unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""),
		unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"),
	); err != nil {
		return err
	}
	for _, name := range []string{Inside, InsideImages, containerdState, "/run/lock", "/run/var/upper", "/run/var/work"} {
		if err := os.MkdirAll(name, 0o755); err != nil {
			return err
		}
	}
	// The folders may lie below /run or /var, so the mounts use the open files.
	for at, file := range map[string]*os.File{Inside: folder, InsideImages: images} {
		if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", file.Fd()), at, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("%s: %w", file.Name(), err)
		}
	}
	if err := unix.Mount("overlay", "/var", "overlay", 0, "lowerdir=/var,upperdir=/run/var/upper,workdir=/run/var/work"); err != nil {
		return fmt.Errorf("overlay on /var: %w", err)
	}
	return nil
}

// tunables are the kernel settings, below /proc/sys, that a kubelet insists on. No
// namespace has its own values of these settings.
func tunables() map[string]string {
	return map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	}
}

// maskTunables shows the kubelet the values of tunables, and leaves the machine's
// values unchanged.
func maskTunables() error {
	for name := range tunables() {
		file := filepath.Join(Inside, "etc/sys", name)
		if err := unix.Mount(file, filepath.Join("/proc/sys", name), "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// setNetwork gives the node an address and a default route. Without a default route
// the node itself cannot reach the address of a Service.
func setNetwork() error {
	for _, args := range []string{
		"link set lo up",
		"link add node0 type veth peer name node1",
		"link set node1 up",
		"addr add " + nodeAddress + "/32 dev node0",
		"link set node0 up",
		"route add default dev node0",
	} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", args, err, out)
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1\n"), 0o644)
}
