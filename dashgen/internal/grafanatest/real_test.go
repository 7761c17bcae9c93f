package grafanatest

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// standsIn is set for a copy of this test program that acts as Grafana's binary.
const standsIn = "GRAFANATEST_STANDS_IN"

func TestMain(m *testing.M) {
	if os.Getenv(standsIn) != "" {
		fmt.Fprintln(os.Stderr, standIn(os.Args[1:]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// standIn serves as Grafana would with these arguments and environment variables.
func standIn(args []string) error {
	if len(args) != 3 || args[0] != "server" || args[1] != "--homepath" {
		return fmt.Errorf("started with %q", args)
	}
	if _, err := os.Stat(filepath.Join(args[2], "conf", "defaults.ini")); err != nil {
		return err
	}
	if os.Getenv("GF_SECURITY_ADMIN_PASSWORD") != Password {
		return fmt.Errorf("a password of %q", os.Getenv("GF_SECURITY_ADMIN_PASSWORD"))
	}
	address := net.JoinHostPort(os.Getenv("GF_SERVER_HTTP_ADDR"), os.Getenv("GF_SERVER_HTTP_PORT"))
	return (&http.Server{Addr: address, Handler: handler(), ReadHeaderTimeout: time.Minute}).ListenAndServe()
}

// TestEach: a binary that GRAFANA names is started, creates a token, and is stopped.
func TestEach(t *testing.T) {
	for _, tc := range []struct {
		name    string
		grafana bool
		want    []string
	}{
		{"without a Grafana", false, []string{"in_memory"}},
		{"with a Grafana", true, []string{"in_memory", "real"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("GRAFANA", "")
			if tc.grafana {
				t.Setenv("GRAFANA", unpacked(t))
			}
			var ran, urls []string
			Each(t, func(t *testing.T, g Grafana) {
				ran, urls = append(ran, filepath.Base(t.Name())), append(urls, g.URL)
				if got := status(t, g.URL, "Bearer "+g.Token); got != http.StatusNotFound {
					t.Errorf("with the token: %d, want 404", got)
				}
				if got := status(t, g.URL, "Bearer nonsense"); got != http.StatusUnauthorized {
					t.Errorf("with nonsense: %d, want 401", got)
				}
			})
			if diff := cmp.Diff(tc.want, ran); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, url := range urls {
				if response, err := http.Get(url); err == nil {
					_ = response.Body.Close()
					t.Errorf("%s still serves", url)
				}
			}
		})
	}
}

// unpacked returns the stand-in's binary in a folder like an unpacked Grafana.
func unpacked(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	binary := filepath.Join(home, "bin", "grafana")
	for path, text := range map[string]string{
		binary: "#!/bin/sh\n" + standsIn + "=1 exec '" + self + "' \"$@\"\n",
		filepath.Join(home, "conf", "defaults.ini"): "",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return binary
}

// status returns the status code of a request for a folder that does not exist.
func status(t *testing.T, url, authorization string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/folders/unknown", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", authorization)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}
