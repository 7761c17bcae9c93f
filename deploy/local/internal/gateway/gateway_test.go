package gateway

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestBootstrapFillsInWhatIstioMade(t *testing.T) {
	for _, name := range []string{"gateway.json", "gateway-seed.json"} {
		t.Run(name, func(t *testing.T) {
			translated, err := os.ReadFile("../../" + name)
			if err != nil {
				t.Fatal(err)
			}
			settings := Settings{Gateway: 11, Admin: 12, ModelServer: 13, RateLimit: 14, Plugin: "/p.wasm", AccessLog: "/a.log"}
			got, err := Bootstrap(translated, settings)
			if err != nil {
				t.Fatal(err)
			}
			var bootstrap object
			if err := json.Unmarshal(got, &bootstrap); err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{`"port_value": 11`, `"port_value": 12`, `"port_value": 13`, `"port_value": 14`, `"/p.wasm"`, `"/a.log"`} {
				if !strings.Contains(string(got), part) {
					t.Errorf("no %s in the bootstrap", part)
				}
			}
			for _, part := range []string{`"0.0.0.0"`, "STRICT_DNS", "/dev/stdout", `"moodring.wasm"`} {
				if strings.Contains(string(got), part) {
					t.Errorf("%s is still in the bootstrap", part)
				}
			}
		})
	}
}

func TestBootstrapRefusesWhatItCannotFill(t *testing.T) {
	if _, err := Bootstrap([]byte(`{"static_resources":{}}`), Settings{}); err == nil || !strings.Contains(err.Error(), "nothing in it is the") {
		t.Errorf("error %v", err)
	}
	if _, err := Bootstrap([]byte(`{`), Settings{}); err == nil {
		t.Error("accepted text that is not JSON")
	}
}

// TestBootstrapOfThePlugin: all options that add metrics are on, beside those of the
// manifests.
func TestBootstrapOfThePlugin(t *testing.T) {
	for _, name := range []string{"gateway.json", "gateway-seed.json"} {
		text := string(bootstrap(t, name, Settings{AllMetrics: true}))
		for _, option := range pluginOptions {
			if !strings.Contains(text, `\"`+option+`\":true`) {
				t.Errorf("%s: the plugin has no %s", name, option)
			}
		}
	}
}

func TestBootstrapWithoutFilters(t *testing.T) {
	for _, name := range []string{"gateway.json", "gateway-seed.json"} {
		all := string(bootstrap(t, name, Settings{}))
		for _, filter := range []Filter{Authorization, RateLimits} {
			quoted := `"name": "` + string(filter) + `"`
			if !strings.Contains(all, quoted) {
				t.Errorf("%s has no %s", name, filter)
			}
			if text := string(bootstrap(t, name, Settings{Without: []Filter{filter}})); strings.Contains(text, quoted) || !strings.Contains(text, "envoy.filters.http.router") {
				t.Errorf("%s: %s is still in the bootstrap, or all filters are gone", name, filter)
			}
		}
	}
}

func TestBootstrapWithoutThePlugin(t *testing.T) {
	if text := string(bootstrap(t, "gateway.json", Settings{Without: []Filter{Moodring}})); strings.Contains(text, "vm_config") {
		t.Error("the plugin is still in the bootstrap")
	}
}

func bootstrap(t *testing.T, name string, settings Settings) []byte {
	t.Helper()
	translated, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := Bootstrap(translated, settings)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
