package main

import (
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	for args, want := range map[string]struct {
		status         int
		stdout, stderr string
	}{
		"-h":            {0, "payload logging", ""},
		"logger -h":     {0, "posts each reply", ""},
		"collector -h":  {0, "Counts the predictions", ""},
		"prometheus -h": {0, "until SIGTERM", ""},
		"-round 1":      {2, "", "peers: usage: flag provided but not defined: -round; see peers -h\n"},
		"now":           {2, "", "peers: usage: unexpected argument \"now\"; see peers -h\n"},
	} {
		var stdout, stderr strings.Builder
		status := run(t.Context(), strings.Fields(args), &stdout, &stderr)
		if status != want.status || !strings.Contains(stdout.String(), want.stdout) || stderr.String() != want.stderr {
			t.Errorf("%s: status %d, stdout %q, stderr %q", args, status, stdout.String(), stderr.String())
		}
	}
}
