// Ratelimit is Envoy's rate limit service, as in envoyproxy/ratelimit's own
// src/service_cmd. Built in this module, it shares the libraries of the local
// stack, so that a cold build compiles them once.
package main

import (
	"github.com/envoyproxy/ratelimit/src/service_cmd/runner"
	"github.com/envoyproxy/ratelimit/src/settings"
)

func main() {
	service := runner.NewRunner(settings.NewSettings())
	service.Run()
}
