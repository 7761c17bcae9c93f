// Moodring's filter: counts what models answer, in the replies that pass a
// gateway. See internal/filter.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"

	"github.com/moodring/moodring/plugin/internal/filter"
)

// main is not called when the host loads the filter as a reactor: wasip1 with
// -buildmode=c-shared runs init alone.
func main() {}

func init() {
	proxywasm.SetVMContext(filter.New())
}
