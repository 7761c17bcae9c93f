package scrape

import "errors"

// ErrNoEnvoy is the error of an agent's page without Envoy's part.
var ErrNoEnvoy = errors.New("the agent of Istio answers, and its Envoy does not: look at the pod's log")

// Agent detects pages on which Istio's agent (port 15020) could not read its Envoy.
// The agent responds with 200 even then. But it counts the failure before it
// writes the page (pilot/cmd/pilot-agent/status/server.go, handleStats).
type Agent struct{ failures, before float64 }

// Begin begins a page.
func (a *Agent) Begin() { a.failures = 0 }

// Add takes a sample of the page.
func (a *Agent) Add(s Sample) {
	if s.Name == "istio_agent_scrape_failures_total" && s.Label("type") == "envoy" {
		a.failures = s.Value
	}
}

// End ends a complete page. It reports whether the agent failed to read its Envoy
// since the page before: for this page, or for another scraper's.
func (a *Agent) End() bool {
	hasFailed := a.failures > 0 && a.failures != a.before
	a.before = a.failures
	return hasFailed
}
