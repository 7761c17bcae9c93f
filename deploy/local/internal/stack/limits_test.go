package stack

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/moodring/moodring/deploy/local/internal/client"
)

// TestHostileKeys sends keys that are no text, too long or empty. They must not
// make a call to the rate limit service fail, and must not have a limit of their
// own: all callers without a sound key share two predictions a minute.
func TestHostileKeys(t *testing.T) {
	running := startAround(t, newEcho(t))
	statuses := map[int]int{}
	for _, key := range []string{
		"\xff", strings.Repeat("k", 50) + "\xfe", "schlüssel", "two words", "", "first,second",
		"\r\nx-api-key: second", "first\r\nx-api-key: second", "first\r\nx-api-key: \xff", "\xff\r\nx-api-key: second",
		strings.Repeat("k", 129), strings.Repeat("k", 50_000),
	} {
		for range 4 {
			statuses[running.send(t, client.Path, "X-Test: istio-is-cool\r\nx-api-key: "+key)]++
		}
	}
	for _, path := range []string{client.Path + "?\xff1", client.Path + "?n=1", strings.Replace(client.Path, ":", "%3A", 1)} {
		statuses[running.sendHTTP2(t, path)]++
	}
	delete(statuses, http.StatusForbidden) // the policy refuses %3A
	checkShared(t, statuses, 2)
	running.checkNoLimiterErrors(t)
}

// TestHostilePaths sends unusual paths to a gateway without the policy, as in the
// original demo when it comes to the limits. No path has a limit of its own because
// of its query, and all long paths share a limit.
func TestHostilePaths(t *testing.T) {
	running := startAroundWith(t, Options{Root: checkout(t), Config: Config{IsOpen: true}}, newEcho(t))
	query, long, predict := map[int]int{}, map[int]int{}, map[int]int{}
	for i := range 6 {
		query[running.sendHTTP2(t, fmt.Sprintf("/other?\xff%d", i))]++
		query[running.send(t, fmt.Sprintf("/other?n=%d", i), "x-api-key: a")]++
		long[running.send(t, "/"+strings.Repeat("o", 256)+fmt.Sprint(i), "x-api-key: a")]++
		long[running.sendHTTP2(t, "/"+strings.Repeat("p", 256+i))]++
		predict[running.sendHTTP2(t, strings.Replace(client.Path, ":", "%3A", 1)+fmt.Sprintf("?\xff%d", i))]++
	}
	checkShared(t, query, 10)
	checkShared(t, long, 10)
	checkShared(t, predict, 2)
	running.checkNoLimiterErrors(t)
}

// TestLimiterDown: failure_mode_deny decides what becomes of requests while the rate
// limit service is down. The manifests refuse them.
func TestLimiterDown(t *testing.T) {
	for name, test := range map[string]struct {
		isClosed bool
		status   int
		counted  string
	}{
		"closed, as in the manifests": {true, http.StatusInternalServerError, "error"},
		"open":                        {false, http.StatusOK, "failure_mode_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			root := checkoutWith(t, `"failure_mode_deny": true`, fmt.Sprintf(`"failure_mode_deny": %t`, test.isClosed))
			running := startAroundWith(t, Options{Root: root}, newEcho(t))
			running.programs[0].Stop() // the rate limit service
			if status := running.send(t, client.Path, "X-Test: istio-is-cool\r\nx-api-key: a"); status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			if counts := running.limiterCounts(t); counts[test.counted] != 1 {
				t.Errorf("the gateway's calls to the rate limit service: %v, want 1 of %s", counts, test.counted)
			}
		})
	}
}

// TestRedis: the rate limit service needs Redis's password to start, as the component
// deploy/ratelimit/password gives it. While Redis is down, requests are refused.
func TestRedis(t *testing.T) {
	redis := miniredis.RunT(t)
	redis.RequireAuth("secret")
	t.Setenv("REDIS_URL", redis.Addr())
	t.Run("wrong password", func(t *testing.T) {
		t.Setenv("REDIS_AUTH", "other")
		s := newStack(t, Options{Root: checkout(t)})
		if err := s.startRateLimit(t.Context()); err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
			t.Errorf("the rate limit service with a wrong password: %v", err)
		}
	})
	t.Run("down", func(t *testing.T) {
		t.Setenv("REDIS_AUTH", "secret")
		running := startAround(t, newEcho(t))
		const headers = "X-Test: istio-is-cool\r\nx-api-key: a"
		if status := running.send(t, client.Path, headers); status != http.StatusOK {
			t.Errorf("with Redis: status %d", status)
		}
		redis.Close()
		if status := running.send(t, client.Path, headers); status != http.StatusInternalServerError {
			t.Errorf("without Redis: status %d, want 500", status)
		}
	})
}

// checkoutWith returns a checkout whose gateway.json has a text replaced.
func checkoutWith(t *testing.T, old, replaced string) string {
	t.Helper()
	root, original := t.TempDir(), checkout(t)
	must(t, os.MkdirAll(filepath.Join(root, "deploy", "local"), 0o755))
	for _, path := range []string{"bin", ".tools", "modelserver", "deploy/ratelimit"} {
		must(t, os.Symlink(filepath.Join(original, path), filepath.Join(root, path)))
	}
	text, err := os.ReadFile(filepath.Join(original, "deploy", "local", "gateway.json"))
	must(t, err)
	if bytes.Count(text, []byte(old)) != 1 {
		t.Fatalf("gateway.json does not have %s once", old)
	}
	text = bytes.Replace(text, []byte(old), []byte(replaced), 1)
	must(t, os.WriteFile(filepath.Join(root, "deploy", "local", "gateway.json"), text, 0o600))
	return root
}

// send sends a request with header lines that Go's client would refuse, and returns
// the status.
func (s *Stack) send(t *testing.T, path, headers string) int {
	t.Helper()
	conn := s.dial(t)
	defer conn.Close()
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n\r\n", path, client.Host, headers)
	must(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	must(t, err)
	return response.StatusCode
}

// sendHTTP2 sends a request over HTTP/2, whose paths may have any byte, and returns
// the status.
func (s *Stack) sendHTTP2(t *testing.T, path string) int {
	t.Helper()
	conn := s.dial(t)
	defer conn.Close()
	_, err := io.WriteString(conn, http2.ClientPreface)
	must(t, err)
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	must(t, framer.WriteSettings())
	var block strings.Builder
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", client.Host}, {":path", path}, {"x-test", "istio-is-cool"}} {
		must(t, encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}))
	}
	must(t, framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte(block.String()), EndStream: true, EndHeaders: true}))
	for {
		frame, err := framer.ReadFrame()
		must(t, err)
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			var status int
			_, err := fmt.Sscan(frame.PseudoValue("status"), &status)
			must(t, err)
			return status
		case *http2.RSTStreamFrame:
			t.Fatalf("Envoy refuses the path %q: %v", path, frame.ErrCode)
		}
	}
}

func (s *Stack) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.ports.Gateway.address())
	must(t, err)
	return conn
}

// checkShared checks that requests shared one limit by minute. The minute may change
// once during the requests.
func checkShared(t *testing.T, statuses map[int]int, limit int) {
	t.Helper()
	if passed := statuses[http.StatusOK]; len(statuses) != 2 || statuses[http.StatusTooManyRequests] == 0 || passed < limit || passed > 2*limit {
		t.Errorf("requests by status: %v, want %d with 200, and 429 for the others", statuses, limit)
	}
}

// limiterCounts returns Envoy's counters of calls to the rate limit service.
func (s *Stack) limiterCounts(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for line := range strings.Lines(get(t, s.ports.Admin.url()+"/stats?filter=ratelimit")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if _, last, found := strings.Cut(name, ".ratelimit."); found {
			var count int
			_, err := fmt.Sscan(value, &count)
			must(t, err)
			counts[last] += count
		}
	}
	return counts
}

func (s *Stack) checkNoLimiterErrors(t *testing.T) {
	t.Helper()
	if counts := s.limiterCounts(t); counts["error"] != 0 || counts["over_limit"] == 0 {
		t.Errorf("the gateway's calls to the rate limit service: %v, want none with an error", counts)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
