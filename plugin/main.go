//go:build wasip1

// Moodring's filter: counts what models answer, in the replies that pass a
// gateway. See internal/filter.
package main

import (
	"github.com/moodring/moodring/plugin/internal/filter"
	"github.com/moodring/moodring/plugin/internal/host"
)

// main is not called when the host loads the filter as a reactor: wasip1 with
// -buildmode=c-shared runs init alone.
func main() {}

func init() { host.Serve(filter.New(&host.Envoy{})) }
