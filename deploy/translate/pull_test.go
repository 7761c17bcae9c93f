package main

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"istio.io/istio/pkg/util/sets"
	"istio.io/istio/pkg/wasm"
)

// TestAgentPullsThePlugin pushes the image of the plugin as `make images` does, and
// fetches the module with Istio's agent, which does so in the gateway's pod.
func TestAgentPullsThePlugin(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	const module = "\x00asm\x01\x00\x00\x00" // with no sections
	digest := pushPlugin(t, host, module)
	cache := wasm.NewLocalFileCache(t.TempDir(), wasm.Options{InsecureRegistries: sets.New(host)})
	defer cache.Cleanup()
	for name, test := range map[string]struct{ image, checksum, failure string }{
		"by tag":              {image: ":1.2.3"},
		"by digest":           {image: "@sha256:" + digest},
		"by tag with sha256":  {image: ":1.2.3", checksum: digest},
		"with a wrong sha256": {image: ":1.2.3", checksum: strings.Repeat("0", 64), failure: "does not match"},
		"of another version":  {image: ":1.2.4", failure: "MANIFEST_UNKNOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := cache.Get("oci://"+host+"/you/moodring-plugin"+test.image, wasm.GetOptions{
				Checksum: test.checksum, ResourceName: name, RequestTimeout: wasm.DefaultHTTPRequestTimeout,
			})
			if test.failure != "" {
				if err == nil || !strings.Contains(err.Error(), test.failure) {
					t.Errorf("error %v, want %s", err, test.failure)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if fetched, err := os.ReadFile(file); err != nil || string(fetched) != module {
				t.Errorf("the agent has %q of the module, %v", fetched, err)
			}
		})
	}
}

// pushPlugin pushes a module as the plugin's image, and returns the digest.
func pushPlugin(t *testing.T, host, module string) string {
	t.Helper()
	stage := t.TempDir()
	if err := os.MkdirAll(filepath.Join(stage, "common"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stage, "common", "plugin.wasm"), []byte(module), 0o600); err != nil {
		t.Fatal(err)
	}
	writer := exec.Command("go", "run", ".", "--stage", stage, "--registry", host+"/you", "--insecure", "--version", "1.2.3", "plugin")
	writer.Dir = "../images"
	printed, err := writer.Output()
	if err != nil {
		t.Fatalf("pushing the plugin: %v\n%s", err, printed)
	}
	_, digest, found := strings.Cut(strings.TrimSpace(string(printed)), "@sha256:")
	if !found {
		t.Fatalf("the image writer printed no digest: %s", printed)
	}
	return digest
}
