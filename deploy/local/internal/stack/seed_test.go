package stack

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/moodring/moodring/deploy/local/internal/client"
)

// TestSeedSteps follows the steps of the original demo that need a gateway without
// the policy, on the original manifests.
func TestSeedSteps(t *testing.T) {
	running := startSeed(t, Config{IsSeed: true, IsOpen: true})
	// Each other path has ten requests a minute: the eleventh is refused.
	running.await429(t, 10, call{method: http.MethodGet, path: strings.TrimSuffix(client.Path, ":predict")})
	// Predictions have two a minute, and a key does not change that.
	running.await429(t, 2, call{method: http.MethodPost, path: client.Path, key: "my-api-key"})
}

// TestSeedLoop: after both clean-up steps, each call of the demo's endless loop gets
// a prediction, and the plugin counts it under the bare label.
func TestSeedLoop(t *testing.T) {
	running := startSeed(t, Config{IsSeed: true, IsOpen: true, HasNoLimits: true})
	for range 12 {
		if response := running.call(t, call{method: http.MethodPost, path: client.Path}); response.StatusCode != http.StatusOK {
			t.Fatalf("the loop gets %s", response.Status)
		}
	}
	want := "# TYPE joy counter\njoy{} 12\n"
	var page string
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(page, want); page = get(t, running.ports.Admin.url()+"/stats/prometheus") {
		if time.Now().After(deadline) {
			t.Fatalf("no %q in\n%s", want, page)
		}
	}
}

// TestSeedPolicy: with the policy, the original manifests refuse the loop.
func TestSeedPolicy(t *testing.T) {
	running := startSeed(t, Config{IsSeed: true})
	if response := running.call(t, call{method: http.MethodPost, path: client.Path}); response.StatusCode != http.StatusForbidden {
		t.Errorf("a call without the header gets %s, want 403", response.Status)
	}
}

// startSeed runs the gateway around a model that is sure of joy.
func startSeed(t *testing.T, config Config) *Stack {
	t.Helper()
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"predictions":[[{"label":"joy","score":0.98}]]}`)
	}))
	t.Cleanup(model.Close)
	return startAroundWith(t, Options{Root: checkout(t), Config: config}, model)
}

// call is a request of the original demo.
type call struct{ method, path, key string }

func (s *Stack) call(t *testing.T, c call) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), c.method, s.ports.Gateway.url()+c.path, strings.NewReader(`{"input": "Istio is lovely"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = client.Host
	if c.key != "" {
		request.Header.Set("x-api-key", c.key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); errors.Join(err, response.Body.Close()) != nil {
		t.Fatal(err)
	}
	return response
}

// await429 calls until the limit refuses a call. A new minute, which may begin in
// between, allows as many calls again.
func (s *Stack) await429(t *testing.T, allowed int, c call) {
	t.Helper()
	began := time.Now()
	for calls := 0; ; calls++ {
		response := s.call(t, c)
		switch {
		case response.StatusCode == http.StatusTooManyRequests && response.Header.Get("x-envoy-ratelimited") == "true":
			if inOneMinute := time.Now().Truncate(time.Minute).Equal(began.Truncate(time.Minute)); inOneMinute && calls != allowed {
				t.Errorf("%s %s was refused after %d calls, want %d", c.method, c.path, calls, allowed)
			}
			return
		case response.StatusCode != http.StatusOK || calls > 2*allowed:
			t.Fatalf("%s %s, call %d: %s, want 200, and 429 after %d calls", c.method, c.path, calls+1, response.Status, allowed)
		}
	}
}
