package node

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// hierarchies returns the folders of mounted cgroups: a single folder in version 2, a
// folder for each controller in version 1.
func hierarchies() ([]string, error) {
	file, err := os.Open("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var found []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 2 && (fields[2] == "cgroup" || fields[2] == "cgroup2") && !slices.Contains(found, fields[1]) {
			found = append(found, fields[1])
		}
	}
	if len(found) == 0 && lines.Err() == nil {
		return nil, errors.New("no cgroups are mounted in /sys/fs/cgroup; a kubelet needs them")
	}
	return found, lines.Err()
}

// makeCgroups makes the node's cgroup. The kubelet makes the cgroups of pods below.
func makeCgroups(name string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		group := filepath.Join(root, name)
		if err := os.MkdirAll(group, 0o755); err != nil {
			return fmt.Errorf("making a cgroup: %w", err)
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if err := inherit(root, group, file); err != nil {
				return err
			}
		}
		enableControllers(root)
		enableControllers(group)
	}
	return nil
}

// inherit copies the parent's value. In version 1 a new cpuset is empty, and an empty
// cpuset takes no process.
func inherit(root, group, file string) error {
	value, err := os.ReadFile(filepath.Join(root, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(group, file), value, 0o644)
}

// enableControllers lets the children of a cgroup of version 2 use every controller of
// this machine. If the kubelet needs a controller that failed here, the kubelet's log
// names the controller.
func enableControllers(group string) {
	controllers, err := os.ReadFile(filepath.Join(group, "cgroup.controllers"))
	if err != nil {
		return // version 1
	}
	for _, controller := range strings.Fields(string(controllers)) {
		_ = os.WriteFile(filepath.Join(group, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
	}
}

const (
	cgroupLimit = 20 * time.Second
	cgroupEvery = 50 * time.Millisecond
)

// removeCgroups removes the node's cgroup with all children. A cgroup is busy while
// the kernel ends the processes in the cgroup.
func removeCgroups(name string) error {
	roots, err := hierarchies()
	if err != nil {
		return nil // without cgroups no node has run
	}
	deadline := time.Now().Add(cgroupLimit)
	for _, root := range roots {
		group := filepath.Join(root, name)
		for {
			err := removeTree(group)
			if err == nil {
				break
			}
			if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
				return fmt.Errorf("removing a cgroup: %w", err)
			}
			time.Sleep(cgroupEvery)
		}
	}
	return nil
}

// removeTree removes a cgroup, its children first. The files in a cgroup cannot be
// removed, and vanish with the cgroup.
func removeTree(group string) error {
	entries, err := os.ReadDir(group)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeTree(filepath.Join(group, entry.Name())); err != nil {
				return err
			}
		}
	}
	if err := unix.Rmdir(group); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	return nil
}
