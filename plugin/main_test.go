package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/proxytest"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/moodring/moodring/plugin/internal/filter"
)

// bothBodies are the two that every case runs on: the code as it is, and as
// compiled wasm, in one VM for all cases, as a gateway's plugins share one.
func bothBodies(t *testing.T) map[string]types.VMContext {
	t.Helper()
	wasm, err := os.ReadFile(wasmFile(t))
	if err != nil {
		t.Fatal(err)
	}
	vm, err := proxytest.NewWasmVMContext(wasm)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := vm.Close(); err != nil {
			t.Error(err)
		}
	})
	return map[string]types.VMContext{"native": filter.New(), "wasm": vm}
}

// wasmFile compiles the filter, so that a test never runs an old one. The Go
// build cache makes all but the first call cheap.
func wasmFile(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "moodring.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, ".")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, output)
	}
	return out
}

// exchange is one request and its reply, in the pieces that pass the filter.
type exchange struct {
	path    string // bert's predict route, when empty
	status  string // 200, when empty
	headers [][2]string
	body    []string
	isReset bool // the stream ends before its reply does
	details string
}

const (
	joy   = `{"predictions":[[{"label":"love","score":0.04},{"label":"joy","score":0.96}]]}`
	batch = `{"predictions":[[{"label":"joy","score":1}],[{"label":"fear","score":0.5}],[],"joy"]}`
)

func TestFilter(t *testing.T) {
	many := func(count int) (replies []exchange) {
		for i := range count {
			replies = append(replies, exchange{body: []string{fmt.Sprintf(`{"predictions":["label %d"]}`, i)}})
		}
		return replies
	}
	tests := []struct {
		name      string
		config    string
		exchanges []exchange
		want      map[string]uint64
	}{
		{
			name:      "one reply",
			exchanges: []exchange{{body: []string{joy}}},
			want: map[string]uint64{
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":                       1,
				"model=.=bert;.;label=.=joy;.;moodring_predictions_total":                         1,
				"model=.=bert;.;label=.=joy;.;moodring_prediction_confidence_count":               1,
				"model=.=bert;.;label=.=joy;.;moodring_prediction_confidence_sum_millionths":      960000,
				"model=.=bert;.;label=.=joy;.;le=.=0.99;.;moodring_prediction_confidence_bucket":  1,
				"!model=.=bert;.;label=.=joy;.;le=.=0.95;.;moodring_prediction_confidence_bucket": 0,
				"!model=.=bert;.;label=.=love;.;moodring_predictions_total":                       0,
				"!joy": 0,
			},
		},
		{
			name:      "a batch in pieces, twice",
			exchanges: []exchange{{body: []string{batch[:20], batch[20:40], "", batch[40:]}}, {body: strings.SplitAfter(batch, "")}},
			want: map[string]uint64{
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":                       2,
				"model=.=bert;.;label=.=joy;.;moodring_predictions_total":                         4,
				"model=.=bert;.;label=.=joy;.;moodring_prediction_confidence_count":               2,
				"model=.=bert;.;label=.=fear;.;moodring_predictions_total":                        2,
				"model=.=bert;.;label=.=fear;.;le=.=0.5;.;moodring_prediction_confidence_bucket":  2,
				"!model=.=bert;.;label=.=fear;.;le=.=0.4;.;moodring_prediction_confidence_bucket": 0,
			},
		},
		{
			name: "each outcome",
			exchanges: []exchange{
				{body: []string{`{"predictions":[]}`}},
				{body: []string{`hello`}},
				{body: []string{`{"predictions":["joy"],"x":"` + "\n" + `"}`}},
				{body: []string{joy[:30]}},
				{body: nil},
				{body: []string{joy}, isReset: true},
				{body: []string{"\x1f\x8b"}, headers: [][2]string{{"content-encoding", "gzip"}}},
				{body: []string{joy}, headers: [][2]string{{"content-encoding", "identity"}}},
				{body: []string{`{"error":"no"}`}, status: "500"},
			},
			want: map[string]uint64{
				"model=.=bert;.;outcome=.=no_predictions;.;moodring_replies_total": 1,
				"model=.=bert;.;outcome=.=unparsed;.;moodring_replies_total":       2,
				"model=.=bert;.;outcome=.=truncated;.;moodring_replies_total":      3,
				"model=.=bert;.;outcome=.=encoded;.;moodring_replies_total":        1,
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":        1,
				"model=.=bert;.;outcome=.=error_status;.;moodring_replies_total":   1,
				"model=.=bert;.;label=.=joy;.;moodring_predictions_total":          1,
			},
		},
		{
			name: "other routes are not ours",
			exchanges: []exchange{
				{path: "/v1/models/bert", body: []string{joy}},
				{path: "/v1/models/bert:explain", body: []string{joy}},
				{path: "/v1/models/:predict", body: []string{joy}},
				{path: "/v1/models/a/b:predict", body: []string{joy}},
				{path: "/", body: []string{joy}},
				{path: "/v1/models/bert:predict?x=1", body: []string{joy}},
			},
			want: map[string]uint64{"model=.=bert;.;outcome=.=counted;.;moodring_replies_total": 1},
		},
		{
			name:      "plain counters",
			config:    `{"plainCounters":true}`,
			exchanges: []exchange{{body: []string{batch}}, {body: []string{`{"predictions":["so \"happy\"/very-much.v2"]}`}}},
			want: map[string]uint64{
				"joy":                                   2,
				"fear":                                  1,
				"0xso_20_22happy_22_2fvery_2dmuch_2ev2": 1,
				"model=.=bert;.;label=.=0xso_20_22happy_22_2fvery_2dmuch_2ev2;.;moodring_predictions_total": 1,
			},
		},
		{
			name:      "labels past the limit go to other",
			config:    `{"maxLabels":2}`,
			exchanges: many(5),
			want: map[string]uint64{
				"model=.=bert;.;label=.=0xlabel_200;.;moodring_predictions_total":  1,
				"model=.=bert;.;label=.=0xlabel_201;.;moodring_predictions_total":  1,
				"!model=.=bert;.;label=.=0xlabel_202;.;moodring_predictions_total": 0,
				"model=.=bert;.;label=.=other;.;moodring_predictions_total":        3,
				"kind=.=labels;.;moodring_overflow_total":                          3,
			},
		},
		{
			name:   "models past the limit go to other, and so does what is not there",
			config: `{"maxModels":1}`,
			exchanges: []exchange{
				{path: "/v1/models/invented:predict", status: "404", body: []string{`{}`}},
				{body: []string{joy}},
				{path: "/v1/models/second:predict", body: []string{batch}},
				{path: "/v1/models/invented:predict", status: "404", body: []string{`{}`}},
			},
			want: map[string]uint64{
				"model=.=other;.;outcome=.=error_status;.;moodring_replies_total": 2,
				"model=.=other;.;label=.=joy;.;moodring_predictions_total":        2,
				"model=.=bert;.;label=.=joy;.;moodring_predictions_total":         1,
				"kind=.=models;.;moodring_overflow_total":                         3,
			},
		},
		{
			name:      "a long label is cut and counted",
			exchanges: []exchange{{body: []string{`{"predictions":["` + strings.Repeat("x", 10000) + `"]}`}}},
			want: map[string]uint64{
				"kind=.=label_length;.;moodring_overflow_total":                                                                   1,
				"model=.=bert;.;label=.=0x" + strings.Repeat("x", 109) + "_e2_80_a6" + longHash + ";.;moodring_predictions_total": 1,
			},
		},
		{
			name: "the gateway's own replies are not the model's",
			exchanges: []exchange{
				{status: "429", details: "request_rate_limited"},
				{details: "cors_response"},
				{body: []string{joy}, details: "direct_response"},
				{details: "via_upstream"},
			},
			want: map[string]uint64{
				"model=.=bert;.;outcome=.=truncated;.;moodring_replies_total":     1,
				"!model=.=bert;.;outcome=.=error_status;.;moodring_replies_total": 0,
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":       1,
			},
		},
	}
	for body, vm := range bothBodies(t) {
		for _, test := range tests {
			t.Run(body+"/"+test.name, func(t *testing.T) {
				host := startHost(t, vm, test.config)
				for _, exchange := range test.exchanges {
					exchange.pass(t, host)
				}
				checkCounters(t, host, test.want)
			})
		}
	}
}

// TestAcceptEncoding: only predict requests lose the header, and only where the
// configuration does not keep it.
func TestAcceptEncoding(t *testing.T) {
	const predict = "/v1/models/bert:predict"
	tests := []struct {
		name, config, path string
		isKept             bool
	}{
		{"predict", "", predict, false},
		{"predict, kept", `{"acceptEncoding":"keep"}`, predict, true},
		{"another route", "", "/v1/models/bert", true},
	}
	for body, vm := range bothBodies(t) {
		for _, test := range tests {
			t.Run(body+"/"+test.name, func(t *testing.T) {
				host := startHost(t, vm, test.config)
				id := host.InitializeHttpContext()
				headers := [][2]string{{":method", "POST"}, {":path", test.path}, {"accept-encoding", "gzip"}, {"accept", "*/*"}}
				mustContinue(t, host.CallOnRequestHeaders(id, headers, false))
				want := headers
				if !test.isKept {
					want = slices.Delete(slices.Clone(headers), 2, 3)
				}
				if got := host.GetCurrentRequestHeaders(id); !slices.Equal(got, want) {
					t.Errorf("headers %q, want %q", got, want)
				}
				host.CompleteHttpContext(id)
			})
		}
	}
}

// longHash is the FNV-1a hash of ten thousand x.
const longHash = "4118176bad223b65"

func TestBadConfigStopsTheFilter(t *testing.T) {
	for body, vm := range bothBodies(t) {
		t.Run(body, func(t *testing.T) {
			option := proxytest.NewEmulatorOption().WithVMContext(vm).WithPluginConfiguration([]byte(`{"maxLabels":-1}`))
			host, reset := proxytest.NewHostEmulator(option)
			defer reset()
			if status := host.StartPlugin(); status != types.OnPluginStartStatusFailed {
				t.Errorf("started with %v", status)
			}
			want := []string{"moodring: not started: pluginConfig: maxLabels is -1; give 1 to 1000"}
			if got := host.GetCriticalLogs(); !slices.Equal(got, want) {
				t.Errorf("logged %q, want %q", got, want)
			}
		})
	}
}

func startHost(t *testing.T, vm types.VMContext, config string) proxytest.HostEmulator {
	t.Helper()
	host, reset := proxytest.NewHostEmulator(proxytest.NewEmulatorOption().WithVMContext(vm).WithPluginConfiguration([]byte(config)))
	t.Cleanup(reset)
	if status := host.StartPlugin(); status != types.OnPluginStartStatusOK {
		t.Fatalf("did not start: %q", host.GetCriticalLogs())
	}
	return host
}

func (e exchange) pass(t *testing.T, host proxytest.HostEmulator) {
	t.Helper()
	id := host.InitializeHttpContext()
	defer host.CompleteHttpContext(id)
	if e.details != "" {
		if err := host.SetProperty([]string{"response", "code_details"}, []byte(e.details)); err != nil {
			t.Fatal(err)
		}
	}
	path, status := or(e.path, "/v1/models/bert:predict"), or(e.status, "200")
	mustContinue(t, host.CallOnRequestHeaders(id, [][2]string{{":method", "POST"}, {":path", path}}, false))
	headers := append([][2]string{{":status", status}}, e.headers...)
	mustContinue(t, host.CallOnResponseHeaders(id, headers, len(e.body) == 0))
	for i, piece := range e.body {
		isLast := i == len(e.body)-1 && !e.isReset
		mustContinue(t, host.CallOnResponseBody(id, []byte(piece), isLast))
	}
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// mustContinue: the filter never holds anything back.
func mustContinue(t *testing.T, action types.Action) {
	t.Helper()
	if action != types.ActionContinue {
		t.Fatalf("the filter answered %v", action)
	}
}

// checkCounters wants counters by name; a ! before one says that it must not
// exist at all.
func checkCounters(t *testing.T, host proxytest.HostEmulator, want map[string]uint64) {
	t.Helper()
	for name, value := range want {
		unwanted, isUnwanted := strings.CutPrefix(name, "!")
		got, err := host.GetCounterMetric(unwanted)
		switch {
		case isUnwanted && err == nil:
			t.Errorf("%s is there, with %d", unwanted, got)
		case !isUnwanted && (err != nil || got != value):
			t.Errorf("%s is %d (%v), want %d", name, got, err, value)
		}
	}
}
