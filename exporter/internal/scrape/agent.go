package scrape

import "errors"

// ErrNoEnvoy is what a page without Envoy's part comes to.
var ErrNoEnvoy = errors.New("the agent of Istio answers, and its Envoy does not: look at the pod's log")

// Agent watches what Istio's agent (port 15020) tells of itself: its answer is 200
// where its Envoy did not answer it, and it counts that before it writes its page
// (pilot/cmd/pilot-agent/status/server.go, handleStats).
type Agent struct{ failures, before float64 }

// Begin begins a page.
func (a *Agent) Begin() { a.failures = 0 }

// Add takes a sample of the page.
func (a *Agent) Add(s Sample) {
	if s.Name == "istio_agent_scrape_failures_total" && s.Label("type") == "envoy" {
		a.failures = s.Value
	}
}

// End ends a page that is whole, and tells whether the agent failed to read its
// Envoy since the one before: for this page, or for somebody else's.
func (a *Agent) End() bool {
	hasFailed := a.failures > 0 && a.failures != a.before
	a.before = a.failures
	return hasFailed
}
