package cgroup

import (
	"testing"
	"testing/fstest"
)

func TestMemoryLimit(t *testing.T) {
	for name, test := range map[string]struct {
		file, text string
		want       int64
		ok         bool
	}{
		"version 2":            {"memory.max", "268435456\n", 256 << 20, true},
		"version 2, unlimited": {"memory.max", "max\n", 0, false},
		"version 1":            {"memory/memory.limit_in_bytes", "268435456\n", 256 << 20, true},
		"version 1, unlimited": {"memory/memory.limit_in_bytes", "9223372036854771712\n", 0, false},
		"no container":         {"cgroup.controllers", "memory\n", 0, false},
	} {
		limit, ok := MemoryLimit(fstest.MapFS{test.file: {Data: []byte(test.text)}})
		if ok != test.ok || ok && limit != test.want {
			t.Errorf("%s: got %d, %v; want %d, %v", name, limit, ok, test.want, test.ok)
		}
	}
}
