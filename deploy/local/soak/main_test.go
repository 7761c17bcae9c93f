package main

import (
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	for _, test := range []struct {
		name, args     string
		status         int
		stdout, stderr string
	}{
		{"help", "-h", 0, "exits 1 at the first difference", ""},
		{"help of prometheus", "prometheus -h", 0, "until SIGTERM", ""},
		{"version", "-version", 0, "soak unknown", ""},
		{"unknown flag", "-sead 1", 2, "", "soak: usage: flag provided but not defined: -sead; see soak -h\n"},
		{"argument", "now", 2, "", `soak: usage: unexpected argument "now"; see soak -h` + "\n"},
		{"unknown fault", "-fault earthquake", 1, "", `no fault is called "earthquake"; the faults are "exporter killed", `},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			status := run(t.Context(), strings.Fields(test.args), &stdout, &stderr)
			if status != test.status || !strings.Contains(stdout.String(), test.stdout) || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("status %d, stdout %q, stderr %q", status, stdout.String(), stderr.String())
			}
		})
	}
}
