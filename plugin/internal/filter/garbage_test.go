package filter_test

import (
	"strings"
	"testing"

	"github.com/moodring/moodring/plugin/internal/abitest"
)

// seed is what KServe's emotion classifier answers to one text.
const seed = `{"predictions":[[{"label":"joy","score":0.9889927506446838},{"label":"love","score":0.004175746813416481},` +
	`{"label":"anger","score":0.003846140578389168},{"label":"sadness","score":0.0012988817179575562},` +
	`{"label":"fear","score":0.0009755274513736367},{"label":"surprise","score":0.0007109164143912494}]]}`

// TestNoGarbage: a request allocates nothing, once one like it has passed. In
// Wasm nothing then ever collects garbage, and the memory stays as it is.
func TestNoGarbage(t *testing.T) {
	everything := `{"plainCounters": true, "scoreSums": true, "margins": true, "batchSizes": true}`
	tests := []struct {
		name, config string
		e            exchange
	}{
		{"a reply", "", exchange{Path: bert, Body: []string{seed}}},
		{"with all options", everything, exchange{Path: bert, Body: []string{seed}}},
		{"in pieces", everything, exchange{Path: bert, Body: strings.SplitAfter(seed, ",")}},
		{"of labels past the limit", `{"maxLabels": 1}`, exchange{Path: bert, Body: []string{`{"predictions":["a","b","c","a"]}`}}},
		{"of V2", everything, exchange{Path: "/v2/models/bert/infer", Headers: headers{{"inference-header-content-length", "2"}}, Body: []string{`{}`}}},
		{"that is broken", "", exchange{Path: bert, Body: []string{seed[:40]}, IsReset: true}},
		{"an error", "", exchange{Path: bert, Status: "500", Details: "via_upstream"}},
		{"another route", "", exchange{Path: "/v1/models", Body: []string{seed}}},
		{"a path of the configuration", `{"models": {"bert": {"paths": ["/"]}}}`, exchange{Path: "/", Body: []string{seed}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := start(t, &abitest.Proxy{}, test.config)
			if allocations := testing.AllocsPerRun(100, func() { w.Pass(w.filter, &test.e) }); allocations != 0 {
				t.Errorf("%v allocations a request", allocations)
			}
		})
	}
}

// BenchmarkReply is a request and a reply of the seed's size, without the
// proxy's own work, while another stream is open.
func BenchmarkReply(b *testing.B) {
	w := start(b, &abitest.Proxy{}, "")
	e := exchange{Path: bert, Body: []string{seed}}
	w.Begin(w.filter, 1000, &e)
	b.ReportAllocs()
	for b.Loop() {
		w.Pass(w.filter, &e)
	}
}

// BenchmarkBatch is a reply of many answers.
func BenchmarkBatch(b *testing.B) {
	w := start(b, &abitest.Proxy{}, "")
	prediction := seed[len(`{"predictions":[`) : len(seed)-len(`]}`)]
	body := `{"predictions":[` + strings.Repeat(prediction+",", 200) + prediction + `]}`
	e := exchange{Path: bert, Body: []string{body}}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		w.Pass(w.filter, &e)
	}
}

// BenchmarkAnotherRoute is a request that the filter does not follow.
func BenchmarkAnotherRoute(b *testing.B) {
	w := start(b, &abitest.Proxy{}, "")
	e := exchange{Path: "/healthz", Body: []string{seed}}
	b.ReportAllocs()
	for b.Loop() {
		w.Pass(w.filter, &e)
	}
}
