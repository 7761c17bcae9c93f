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
			rendered, err := os.ReadFile("../../" + name)
			if err != nil {
				t.Fatal(err)
			}
			places := Places{Gateway: 11, Admin: 12, ModelServer: 13, RateLimit: 14, Plugin: "/p.wasm", AccessLog: "/a.log"}
			got, err := Bootstrap(rendered, places)
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
	if _, err := Bootstrap([]byte(`{"static_resources":{}}`), Places{}); err == nil || !strings.Contains(err.Error(), "no place for the") {
		t.Errorf("error %v", err)
	}
	if _, err := Bootstrap([]byte(`{`), Places{}); err == nil {
		t.Error("took what is not JSON")
	}
}
