package filter_test

import (
	"strings"
	"testing"

	"github.com/moodring/moodring/plugin/internal/abitest"
)

// seed is a reply of KServe's emotion classifier to one text.
const seed = `{"predictions":[[{"label":"joy","score":0.9889927506446838},{"label":"love","score":0.004175746813416481},` +
	`{"label":"anger","score":0.003846140578389168},{"label":"sadness","score":0.0012988817179575562},` +
	`{"label":"fear","score":0.0009755274513736367},{"label":"surprise","score":0.0007109164143912494}]]}`

// TestNoGarbage checks that a request allocates nothing if a similar request has
// passed before. In Wasm the garbage collector then never runs, and the memory does
// not grow.
func TestNoGarbage(t *testing.T) {
	everything := `{"plainCounters": true, "scoreSums": true, "margins": true, "batchSizes": true}`
	tests := []struct {
		name, config string
		e            exchange
	}{
		{"a reply", "", exchange{Path: bert, Body: []string{seed}}},
		{"with all options", everything, exchange{Path: bert, Body: []string{seed}}},
		{"in chunks", everything, exchange{Path: bert, Body: strings.SplitAfter(seed, ",")}},
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

// BenchmarkReply measures a request and its reply while another stream is open,
// without the work of a real proxy.
func BenchmarkReply(b *testing.B) {
	w := start(b, &abitest.Proxy{}, "")
	e := exchange{Path: bert, Body: []string{seed}}
	w.Begin(w.filter, 1000, &e)
	b.ReportAllocs()
	for b.Loop() {
		w.Pass(w.filter, &e)
	}
}

// BenchmarkBatch measures a reply with 201 predictions.
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

// BenchmarkAnotherRoute measures a request on a path that is not a predict route.
func BenchmarkAnotherRoute(b *testing.B) {
	w := start(b, &abitest.Proxy{}, "")
	e := exchange{Path: "/healthz", Body: []string{seed}}
	b.ReportAllocs()
	for b.Loop() {
		w.Pass(w.filter, &e)
	}
}
