// Package memory reads the resident memory of another process.
package memory

import (
	"fmt"
	"os"
	"strings"
)

// Of returns the resident memory of a process and its peak, in bytes: VmRSS and VmHWM
// of /proc/PID/status.
func Of(pid int) (now, peak int64, err error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	status, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, err
	}
	for name, into := range map[string]*int64{"VmRSS": &now, "VmHWM": &peak} {
		_, line, _ := strings.Cut(string(status), "\n"+name+":")
		if _, err := fmt.Sscanf(line, "%d kB", into); err != nil {
			return 0, 0, fmt.Errorf("%s has no %s: %w", path, name, err)
		}
	}
	return now << 10, peak << 10, nil
}
