// A simple filter for comparison: it buffers each reply, decodes the whole with
// encoding/json, and counts the top label of each prediction in a counter named
// like the label.
package main

import (
	"encoding/json"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetVMContext(&vm{})
}

type vm struct{ types.DefaultVMContext }

func (*vm) NewPluginContext(uint32) types.PluginContext {
	return &plugin{counters: map[string]proxywasm.MetricCounter{}}
}

type plugin struct {
	types.DefaultPluginContext
	counters map[string]proxywasm.MetricCounter
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &stream{plugin: p} }

type stream struct {
	types.DefaultHttpContext
	plugin *plugin
	size   int // of the body so far
}

func (s *stream) OnHttpResponseBody(size int, endOfStream bool) types.Action {
	s.size += size
	if !endOfStream {
		return types.ActionPause
	}
	body, err := proxywasm.GetHttpResponseBody(0, s.size)
	if err != nil {
		proxywasm.LogErrorf("cannot read a reply: %v", err)
		return types.ActionContinue
	}
	var reply struct {
		Predictions [][]scored `json:"predictions"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		proxywasm.LogErrorf("cannot decode a reply: %v", err)
		return types.ActionContinue
	}
	for _, scores := range reply.Predictions {
		if len(scores) > 0 {
			s.plugin.count(top(scores))
		}
	}
	return types.ActionContinue
}

type scored struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

func top(scores []scored) string {
	best := scores[0]
	for _, candidate := range scores[1:] {
		if candidate.Score > best.Score {
			best = candidate
		}
	}
	return best.Label
}

func (p *plugin) count(label string) {
	counter, ok := p.counters[label]
	if !ok {
		counter = proxywasm.DefineCounterMetric(label)
		p.counters[label] = counter
	}
	counter.Increment(1)
}
