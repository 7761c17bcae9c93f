package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestCommandLine checks command lines that start nothing.
func TestCommandLine(t *testing.T) {
	for _, tc := range []struct {
		args, stdout, stderr string
		status               int
	}{
		{"-h", usage, "", 0},
		{"up -h", usage, "", 0},
		{"test --help", usage, "", 0},
		{"exec -h", usage, "", 0},
		{"", "", "cluster: usage: no command: give up, test, run, exec, down, check or build; see cluster -h\n", 2},
		{"upp", "", "cluster: usage: unknown command \"upp\": give up, test, run, exec, down, check or build; see cluster -h\n", 2},
		{"up --root x", "", "cluster: usage: up: unexpected \"--root\"; flags stand before the command; see cluster -h\n", 2},
		{"check now", "", "cluster: usage: check: unexpected \"now\"; flags stand before the command; see cluster -h\n", 2},
		{"exec", "", "cluster: usage: exec needs a command, such as kubectl get pods; see cluster -h\n", 2},
	} {
		t.Run(tc.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), strings.Fields(tc.args), &stdout, &stderr)
			if status != tc.status || !strings.HasPrefix(stdout.String(), tc.stdout) || stderr.String() != tc.stderr {
				t.Errorf("status %d, stdout %q, stderr %q", status, stdout.String(), stderr.String())
			}
		})
	}
}
