// Package host compares the machine before and after a node.
package host

import (
	"os/exec"
	"slices"
	"strings"
)

// Snapshot lists the machine's mounts, interfaces, addresses, iptables rules, kernel
// settings, cgroups of nodes and folders of system programs, and the processes and files
// of the node with its state in folder.
func Snapshot(folder string) []string {
	var lines []string
	for _, command := range []string{
		"cat /proc/self/mounts",
		"ip -o link show",
		"ip -o addr show",
		"iptables-save",
		"find /sys/fs/cgroup -maxdepth 2 -type d -name moodring-*",
		"ls /var/lib /var/log /opt /etc /run",
		"sysctl vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys kernel.keys.root_maxbytes net.ipv4.ip_forward",
		"ls -d " + folder,
		"pgrep -f (guard|node)." + folder,
	} {
		fields := strings.Fields(command)
		out, _ := exec.Command(fields[0], fields[1:]...).CombinedOutput() // pgrep and ls fail without a result
		for line := range strings.Lines(string(out)) {
			if !strings.HasPrefix(line, "#") { // comments of iptables-save hold the time
				lines = append(lines, command+": "+strings.TrimSpace(line))
			}
		}
	}
	return lines
}

// Differences returns the differing lines of two snapshots, marked as in a diff.
func Differences(before, after []string) []string {
	var lines []string
	for _, line := range before {
		if !slices.Contains(after, line) {
			lines = append(lines, "- "+line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			lines = append(lines, "+ "+line)
		}
	}
	return lines
}
