// Package cgroup reads the limits that Linux sets to this process's container.
package cgroup

import (
	"io/fs"
	"strconv"
	"strings"
)

// MemoryLimit returns the memory limit of the container in bytes, or false if there is
// none. root is /sys/fs/cgroup, where a container sees its own group.
func MemoryLimit(root fs.FS) (limit int64, ok bool) {
	for _, file := range []string{"memory.max", "memory/memory.limit_in_bytes"} { // of version 2 and version 1
		text, err := fs.ReadFile(root, file)
		if err != nil {
			continue
		}
		limit, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		const unlimited = 1 << 60 // version 1 rounds the largest number down to a page; version 2 has the word max
		return limit, err == nil && limit > 0 && limit < unlimited
	}
	return 0, false
}
