package stack

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/moodring/moodring/deploy/local/internal/client"
	"github.com/moodring/moodring/deploy/local/internal/process"
)

// TestEnvoyExample runs deploy/plugin/examples/envoy.yaml, with this machine's
// addresses in place of its own.
func TestEnvoyExample(t *testing.T) {
	model := newEcho(t)
	s := newStack(t, Options{Root: checkout(t)})
	text, err := os.ReadFile("../../../plugin/examples/envoy.yaml")
	must(t, err)
	file := s.path("example.yaml")
	must(t, writeFile(file, []byte(strings.NewReplacer(
		"address: 0.0.0.0, port_value: 8080", fmt.Sprintf("address: 127.0.0.1, port_value: %d", s.ports.Gateway.Number),
		"port_value: 9901", fmt.Sprintf("port_value: %d", s.ports.Admin.Number),
		"address: model, port_value: 8080", fmt.Sprintf("address: 127.0.0.1, port_value: %d", model.Listener.Addr().(*net.TCPAddr).Port),
		"/etc/envoy/moodring.wasm", s.binary("moodring.wasm"),
	).Replace(string(text)))))
	must(t, s.startProgram(t.Context(), process.Program{
		Name: "envoy", Path: s.envoy, Args: []string{"--config-path", file, "--use-dynamic-base-id", "--log-level", "warning"},
		Ready: s.ports.Admin.url() + "/ready",
	}, s.ports.Gateway, s.ports.Admin))
	response, err := http.Post(s.ports.Gateway.url()+client.Path, "application/json", strings.NewReader(`{"predictions":["joy"]}`))
	must(t, err)
	readAll(t, response)
	const counted = `label=.=joy;.;moodring_predictions_total: 1`
	if page := get(t, s.ports.Admin.url()+"/stats?filter=moodring"); !strings.Contains(page, counted) {
		t.Errorf("no %s in:\n%s", counted, page)
	}
}
