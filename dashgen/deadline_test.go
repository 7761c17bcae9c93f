package main

import (
	"bytes"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSilentServer checks that every command that asks a server ends within its
// deadline if the server accepts connections and never replies.
func TestSilentServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	address := "http://" + listener.Addr().String()
	written := t.TempDir()
	stdout(t, "generate", written)
	file := filepath.Join(written, "grafana-dashboard.json")
	for name, tc := range map[string]struct{ flag, args string }{
		"baseline":            {"--prometheus", "baseline --model bert"},
		"verify":              {"--prometheus", "verify"},
		"discover Prometheus": {"--prometheus", "discover"},
		"discover a page":     {"--metrics", "discover"},
		"lint with types":     {"--prometheus", "lint FILE"},
		"lint with a page":    {"--metrics", "lint FILE"},
		"diff":                {"--grafana", "diff"},
		"diff of a file":      {"--grafana", "diff FILE"},
		"push":                {"--grafana", "push"},
		"pull":                {"--grafana", "pull " + t.TempDir()},
	} {
		t.Run(name, func(t *testing.T) {
			command, rest, _ := strings.Cut(strings.ReplaceAll(tc.args, "FILE", file), " ")
			args := append([]string{command, tc.flag, address}, strings.Fields(rest)...)
			var out, problems bytes.Buffer
			ended := make(chan int, 1)
			go func() { ended <- program{&out, 50 * time.Millisecond}.run(args, &problems) }()
			select {
			case status := <-ended:
				want := ": no reply within 50ms; is it overloaded, or is " + tc.flag + " not its address?\n"
				if status != 1 || out.Len() > 0 || !strings.HasSuffix(problems.String(), want) {
					t.Errorf("status %d, %q, %q; want 1, nothing, and an error that ends with %q", status, out.String(), problems.String(), want)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the command has not ended")
			}
		})
	}
}
