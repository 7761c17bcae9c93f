// Package host lists the state of the machine that a node could change.
package host

import (
	"os/exec"
	"slices"
	"strings"
)

// Snapshot lists the machine's mounts, interfaces, addresses, rules of iptables and
// kernel settings, the cgroups of nodes, new folders of system programs, and the
// processes and files of the node whose state is in folder.
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
		out, _ := exec.Command(fields[0], fields[1:]...).CombinedOutput() // pgrep and ls fail if there is nothing
		for line := range strings.Lines(string(out)) {
			if !strings.HasPrefix(line, "#") { // comments of iptables-save hold the time
				lines = append(lines, command+": "+strings.TrimSpace(line))
			}
		}
	}
	return lines
}

// Differences returns the lines that only one of two snapshots has, marked as in a
// diff.
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
