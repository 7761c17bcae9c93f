//go:build wasip1

// Mortal is Moodring's filter with a fault that Go cannot recover from: at a
// request for /die it runs out of memory.
package main

import (
	"github.com/moodring/moodring/plugin/internal/filter"
	"github.com/moodring/moodring/plugin/internal/host"
)

type mortal struct {
	host.Filter
	envoy *host.Envoy
}

const most = 3 << 30 // bytes: more than Envoy gives

func (m mortal) RequestHeaders(stream uint32) {
	if path, _ := m.envoy.Header(host.RequestHeaders, ":path"); string(path) == "/die" {
		m.envoy.Log(host.Critical, string(make([]byte, most)))
	}
	m.Filter.RequestHeaders(stream)
}

func main() {}

func init() {
	envoy := &host.Envoy{}
	host.Serve(mortal{filter.New(envoy), envoy})
}
