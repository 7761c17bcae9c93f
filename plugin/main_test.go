package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/abitest"
	"github.com/moodring/moodring/plugin/internal/filter"
)

// body starts a build of the filter in a VM.
type body func(*testing.T, *abitest.VM) abi.Filter

// bothBodies returns the native build and the compiled Wasm. Every case runs on
// both.
func bothBodies(t *testing.T) map[string]body {
	t.Helper()
	wasm := compiled(t)
	return map[string]body{
		"native": func(_ *testing.T, vm *abitest.VM) abi.Filter { return filter.New(vm) },
		"wasm": func(t *testing.T, vm *abitest.VM) abi.Filter {
			t.Helper()
			instance, err := wasm.Run(t.Context(), vm)
			if err != nil {
				t.Fatal(err)
			}
			return instance
		},
	}
}

// compiled returns the filter as Wasm. It is closed when the test ends.
func compiled(t *testing.T) *abitest.Wasm {
	t.Helper()
	code, err := os.ReadFile(wasmFile(t))
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := abitest.Compile(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := wasm.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return wasm
}

// wasmFile compiles the filter, so that a test never runs an old build. With Go's
// build cache only the first call is slow.
func wasmFile(t *testing.T) string {
	t.Helper()
	return build(t, ".")
}

// build compiles a filter.
func build(t *testing.T, directory string) (wasm string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "filter.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, directory)
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, output)
	}
	return out
}

// start starts the filter's plugin with a configuration.
func (b body) start(t *testing.T, proxy *abitest.Proxy, config string) (*abitest.VM, abi.Filter) {
	t.Helper()
	vm := abitest.NewVM(proxy)
	vm.Config = []byte(config)
	filter := b(t, vm)
	if !vm.Start(filter) {
		t.Fatalf("did not start: %q", vm.Logged)
	}
	return vm, filter
}

type (
	exchange = abitest.Exchange
	headers  = abitest.Headers
)

const (
	bert  = "/v1/models/bert:predict"
	joy   = `{"predictions":[[{"label":"love","score":0.04},{"label":"joy","score":0.96}]]}`
	batch = `{"predictions":[[{"label":"joy","score":1}],[{"label":"fear","score":0.5}],[],"joy"]}`
)

type filterTest struct {
	name      string
	config    string
	exchanges []exchange
	want      map[string]uint64 // all counters
}

func TestFilter(t *testing.T) {
	many := func(count int) (replies []exchange) {
		for i := range count {
			replies = append(replies, exchange{Path: bert, Body: []string{fmt.Sprintf(`{"predictions":["label %d"]}`, i)}})
		}
		return replies
	}
	tests := []filterTest{
		{
			name:      "one reply",
			exchanges: []exchange{{Path: bert, Body: []string{joy}}},
			want: map[string]uint64{
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":                      1,
				"model=.=bert;.;label=.=joy;.;moodring_predictions_total":                        1,
				"model=.=bert;.;label=.=joy;.;moodring_prediction_confidence_count":              1,
				"model=.=bert;.;label=.=joy;.;moodring_prediction_confidence_sum_millionths":     960000,
				"model=.=bert;.;label=.=joy;.;le=.=0.99;.;moodring_prediction_confidence_bucket": 1,
			},
		},
		{
			name:      "a batch in chunks, twice",
			exchanges: []exchange{{Path: bert, Body: []string{batch[:20], batch[20:40], "", batch[40:]}}, {Path: bert, Body: strings.SplitAfter(batch, "")}},
			want: map[string]uint64{
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":                       2,
				"model=.=bert;.;label=.=joy;.;moodring_predictions_total":                         4,
				"model=.=bert;.;label=.=joy;.;moodring_prediction_confidence_count":               2,
				"model=.=bert;.;label=.=joy;.;moodring_prediction_confidence_sum_millionths":      2000000,
				"model=.=bert;.;label=.=fear;.;moodring_predictions_total":                        2,
				"model=.=bert;.;label=.=fear;.;moodring_prediction_confidence_count":              2,
				"model=.=bert;.;label=.=fear;.;moodring_prediction_confidence_sum_millionths":     1000000,
				"model=.=bert;.;label=.=fear;.;le=.=0.5;.;moodring_prediction_confidence_bucket":  2,
				"model=.=bert;.;label=.=fear;.;le=.=0.6;.;moodring_prediction_confidence_bucket":  2,
				"model=.=bert;.;label=.=fear;.;le=.=0.7;.;moodring_prediction_confidence_bucket":  2,
				"model=.=bert;.;label=.=fear;.;le=.=0.8;.;moodring_prediction_confidence_bucket":  2,
				"model=.=bert;.;label=.=fear;.;le=.=0.9;.;moodring_prediction_confidence_bucket":  2,
				"model=.=bert;.;label=.=fear;.;le=.=0.95;.;moodring_prediction_confidence_bucket": 2,
				"model=.=bert;.;label=.=fear;.;le=.=0.99;.;moodring_prediction_confidence_bucket": 2,
			},
		},
		{
			name: "each outcome",
			exchanges: []exchange{
				{Path: bert, Body: []string{`{"predictions":[]}`}},
				{Path: bert, Body: []string{`hello`}},
				{Path: bert, Body: []string{`{"predictions":["joy"],"x":"` + "\n" + `"}`}},
				{Path: bert, Body: []string{joy[:30]}},
				{Path: bert},
				{Path: bert, Body: []string{`{"predictions":["joy"]}`}, IsReset: true},
				{Path: bert, Body: []string{"\x1f\x8b"}, Headers: headers{{"content-encoding", "gzip"}}},
				{Path: bert, Body: []string{"\x1f\x8b"}, Headers: headers{{"content-encoding", "gzip"}}, IsReset: true},
				{Path: bert, Body: []string{`{"predictions":["joy"]}`}, Headers: headers{{"content-encoding", "gzip"}}}, // claims to be, but is not
				{Path: bert, Body: []string{`{"predictions":["joy"]}`}, Headers: headers{{"content-encoding", "identity"}}},
				{Path: bert, Body: []string{`{"predictions":["joy"]}`}, Trailers: headers{{"x", "y"}}},
				{Path: bert, Body: []string{`{"error":"no"}`}, Status: "500"},
			},
			want: map[string]uint64{
				"model=.=bert;.;outcome=.=no_predictions;.;moodring_replies_total": 1,
				"model=.=bert;.;outcome=.=unparsed;.;moodring_replies_total":       2,
				"model=.=bert;.;outcome=.=truncated;.;moodring_replies_total":      3,
				"model=.=bert;.;outcome=.=encoded;.;moodring_replies_total":        2,
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":        3,
				"model=.=bert;.;outcome=.=error_status;.;moodring_replies_total":   1,
				"model=.=bert;.;label=.=joy;.;moodring_predictions_total":          3,
			},
		},
		{
			name: "other routes are not counted",
			exchanges: []exchange{
				{Path: "/v1/models/bert", Body: []string{joy}},
				{Path: "/v1/models/bert:explain", Body: []string{joy}},
				{Path: "/v1/models/:predict", Body: []string{joy}},
				{Path: "/v1/models/a/b:predict", Body: []string{joy}},
				{Path: "/", Body: []string{joy}},
				{Body: []string{joy}},
			},
			want: map[string]uint64{},
		},
		{
			name:      "plain counters",
			config:    `{"plainCounters":true}`,
			exchanges: []exchange{{Path: bert, Body: []string{`{"predictions":["joy","fear","joy","so \"happy\"/very-much.v2"]}`}}},
			want: map[string]uint64{
				"joy":                                   2,
				"fear":                                  1,
				"0xso_20_22happy_22_2fvery_2dmuch_2ev2": 1,
				"model=.=bert;.;label=.=joy;.;moodring_predictions_total":                                   2,
				"model=.=bert;.;label=.=fear;.;moodring_predictions_total":                                  1,
				"model=.=bert;.;label=.=0xso_20_22happy_22_2fvery_2dmuch_2ev2;.;moodring_predictions_total": 1,
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":                                 1,
			},
		},
		{
			name:      "labels past the limit count under other",
			config:    `{"maxLabels":2}`,
			exchanges: many(5),
			want: map[string]uint64{
				"model=.=bert;.;label=.=0xlabel_200;.;moodring_predictions_total": 1,
				"model=.=bert;.;label=.=0xlabel_201;.;moodring_predictions_total": 1,
				"model=.=bert;.;label=.=other;.;moodring_predictions_total":       3,
				"kind=.=labels;.;moodring_overflow_total":                         3,
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":       5,
			},
		},
		{
			name:   "models past the limit, and unknown models, count under other",
			config: `{"maxModels":1}`,
			exchanges: []exchange{
				{Path: "/v1/models/invented:predict", Status: "404", Body: []string{`{}`}},
				{Path: bert, Body: []string{`{"predictions":["joy"]}`}},
				{Path: "/v1/models/second:predict", Body: []string{`{"predictions":["joy","joy","joy"]}`}},
				{Path: "/v1/models/invented:predict", Status: "400", Body: []string{`{}`}},
			},
			want: map[string]uint64{
				"model=.=other;.;outcome=.=error_status;.;moodring_replies_total": 2,
				"model=.=other;.;label=.=joy;.;moodring_predictions_total":        3,
				"model=.=other;.;outcome=.=counted;.;moodring_replies_total":      1,
				"model=.=bert;.;label=.=joy;.;moodring_predictions_total":         1,
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":       1,
				"kind=.=models;.;moodring_overflow_total":                         3,
			},
		},
		{
			name:      "a long label counts under other",
			exchanges: []exchange{{Path: bert, Body: []string{`{"predictions":["` + strings.Repeat("x", 10000) + `"]}`}}},
			want: map[string]uint64{
				"kind=.=label_length;.;moodring_overflow_total":             1,
				"model=.=bert;.;label=.=other;.;moodring_predictions_total": 1,
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total": 1,
			},
		},
		{
			name: "the gateway's own replies are not the model's",
			exchanges: []exchange{
				{Path: bert, Status: "429", Details: "request_rate_limited"},
				{Path: bert, Details: "cors_response"},
				{Path: bert, Body: []string{`{"predictions":["joy"]}`}, Details: "direct_response"},
				{Path: bert, Details: "via_upstream"},
			},
			want: map[string]uint64{
				"model=.=bert;.;outcome=.=truncated;.;moodring_replies_total": 1,
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":   1,
				"model=.=bert;.;label=.=joy;.;moodring_predictions_total":     1,
			},
		},
	}
	tests = append(tests, knownTests()...)
	tests = append(tests, v2Tests()...)
	for name, body := range bothBodies(t) {
		for _, test := range tests {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				var proxy abitest.Proxy
				vm, filter := body.start(t, &proxy, test.config)
				for _, exchange := range test.exchanges {
					vm.Pass(filter, &exchange)
				}
				if diff := cmp.Diff(test.want, proxy.Counters(), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("counters (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// knownTests test the path cache, which a path enters with its second request, and
// the fast path for a reply with a single prediction of a known label.
func knownTests() []filterTest {
	const fear = `{"predictions":[[{"label":"fear","score":0.7},{"label":"joy","score":0.3}]]}`
	before := []exchange{{Path: bert, Body: []string{joy}}, {Path: bert, Body: []string{joy}}}
	joys := func(count uint64, more map[string]uint64) map[string]uint64 {
		want := map[string]uint64{
			"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":                      count,
			"model=.=bert;.;label=.=joy;.;moodring_predictions_total":                        count,
			"model=.=bert;.;label=.=joy;.;moodring_prediction_confidence_count":              count,
			"model=.=bert;.;label=.=joy;.;moodring_prediction_confidence_sum_millionths":     960000 * count,
			"model=.=bert;.;label=.=joy;.;le=.=0.99;.;moodring_prediction_confidence_bucket": count,
		}
		for name, n := range more {
			want[name] += n
		}
		return want
	}
	tests := []filterTest{
		{name: "once more", exchanges: []exchange{{Path: bert, Body: []string{joy}}}, want: joys(3, nil)},
		{name: "with white space behind", exchanges: []exchange{{Path: bert, Body: []string{joy, "\n ", ""}}}, want: joys(3, nil)},
		{name: "with more behind", exchanges: []exchange{{Path: bert, Body: []string{joy, "\n", "x"}}}, want: joys(2, map[string]uint64{
			"model=.=bert;.;outcome=.=unparsed;.;moodring_replies_total": 1,
		})},
		{name: "with another white space behind than JSON has", exchanges: []exchange{{Path: bert, Body: []string{joy, "\u00a0"}}}, want: joys(2, map[string]uint64{
			"model=.=bert;.;outcome=.=unparsed;.;moodring_replies_total": 1,
		})},
		{name: "with trailers", exchanges: []exchange{{Path: bert, Body: []string{joy}, Trailers: headers{{"x", "y"}}}}, want: joys(3, nil)},
		{name: "reset at its end", exchanges: []exchange{{Path: bert, Body: []string{joy}, IsReset: true}}, want: joys(2, map[string]uint64{
			"model=.=bert;.;outcome=.=truncated;.;moodring_replies_total": 1,
		})},
		{name: "with an error's status", exchanges: []exchange{{Path: bert, Body: []string{joy}, Status: "503"}}, want: joys(2, map[string]uint64{
			"model=.=bert;.;outcome=.=error_status;.;moodring_replies_total": 1,
		})},
		{name: "by another way to write the path", exchanges: []exchange{{Path: bert + "?n=1", Body: []string{joy}}, {Path: "/v1/models/b%65rt:predict", Body: []string{joy}}},
			want: joys(4, nil)},
		{name: "a version of the model, and V2", exchanges: []exchange{
			{Path: "/v1/models/bert/versions/1:predict", Body: []string{`{"predictions":[]}`}},
			{Path: "/v1/models/bert/versions/1:predict", Body: []string{`{"predictions":[]}`}},
			{Path: "/v2/models/bert/infer", Body: []string{`{"outputs":[{"name":"o","datatype":"BYTES","shape":[1],"data":["joy"]}]}`}},
			{Path: "/v2/models/bert/infer", Body: []string{`{"model_version":"1","outputs":[]}`}},
		}, want: joys(2, map[string]uint64{
			"model=.=bert;.;model_version=.=1;.;outcome=.=no_predictions;.;moodring_replies_total": 3,
			"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":                            1,
			"model=.=bert;.;label=.=joy;.;moodring_predictions_total":                              1,
		})},
		{name: "a label that is new, then known", config: `{"plainCounters":true}`, exchanges: []exchange{
			{Path: bert, Body: []string{fear}}, {Path: bert, Body: []string{fear}},
		}, want: joys(2, map[string]uint64{
			"joy": 2, "fear": 2,
			"model=.=bert;.;outcome=.=counted;.;moodring_replies_total":                       2,
			"model=.=bert;.;label=.=fear;.;moodring_predictions_total":                        2,
			"model=.=bert;.;label=.=fear;.;moodring_prediction_confidence_count":              2,
			"model=.=bert;.;label=.=fear;.;moodring_prediction_confidence_sum_millionths":     1400000,
			"model=.=bert;.;label=.=fear;.;le=.=0.7;.;moodring_prediction_confidence_bucket":  2,
			"model=.=bert;.;label=.=fear;.;le=.=0.8;.;moodring_prediction_confidence_bucket":  2,
			"model=.=bert;.;label=.=fear;.;le=.=0.9;.;moodring_prediction_confidence_bucket":  2,
			"model=.=bert;.;label=.=fear;.;le=.=0.95;.;moodring_prediction_confidence_bucket": 2,
			"model=.=bert;.;label=.=fear;.;le=.=0.99;.;moodring_prediction_confidence_bucket": 2,
		})},
		{name: "a label without room", config: `{"maxLabels":1}`, exchanges: []exchange{{Path: bert, Body: []string{`{"predictions":["x"]}`}}}, want: joys(2, map[string]uint64{
			"model=.=bert;.;outcome=.=counted;.;moodring_replies_total": 1,
			"model=.=bert;.;label=.=other;.;moodring_predictions_total": 1,
			"kind=.=labels;.;moodring_overflow_total":                   1,
		})},
	}
	for i := range tests {
		tests[i].name = "known: " + tests[i].name
		tests[i].exchanges = append(slices.Clone(before), tests[i].exchanges...)
	}
	return tests
}

// v2Tests test the Open Inference Protocol: the source of the model's name, and the
// headers that describe the body.
func v2Tests() []filterTest {
	const (
		infer = "/v2/models/bert/infer"
		reply = `{"model_name":"liar","model_version":"7","outputs":[{"name":"o","datatype":"BYTES","shape":[1],"data":["joy"]}]}`
		head  = `{"model_name":"bert","outputs":[{"name":"o","datatype":"INT64","shape":[2],"parameters":{"binary_data_size":16}}]}`
		tail  = "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		grpc  = "/inference.GRPCInferenceService/ModelInfer"
	)
	named := `{"models": {"bert": {"classes": ["fear", "joy"]}}}`
	frame := modelInferReply("bert", "3", 1, 0, 1)
	asked := headers{{"content-type", "application/grpc"}}
	good := headers{{"grpc-status", "0"}}
	return []filterTest{
		{
			name: "V2: the path names the model, and the reply the version",
			exchanges: []exchange{
				{Path: infer, Body: []string{reply}},
				{Path: "/v2/models/bert/versions/2/infer", Body: []string{reply}},
			},
			want: map[string]uint64{
				"model=.=bert;.;model_version=.=7;.;outcome=.=counted;.;moodring_replies_total": 1,
				"model=.=bert;.;model_version=.=7;.;label=.=joy;.;moodring_predictions_total":   1,
				"model=.=bert;.;model_version=.=2;.;outcome=.=counted;.;moodring_replies_total": 1,
				"model=.=bert;.;model_version=.=2;.;label=.=joy;.;moodring_predictions_total":   1,
			},
		},
		{
			name:   "V2 with binary tensors",
			config: named,
			exchanges: []exchange{{
				Path: infer, Headers: headers{{"inference-header-content-length", strconv.Itoa(len(head))}}, Body: []string{head + tail[:3], tail[3:]},
			}},
			want: map[string]uint64{
				"model=.=bert;.;outcome=.=counted;.;moodring_replies_total": 1,
				"model=.=bert;.;label=.=joy;.;moodring_predictions_total":   1,
				"model=.=bert;.;label=.=fear;.;moodring_predictions_total":  1,
			},
		},
		{
			name:   "V2 over gRPC: the reply names the model, and so the classes",
			config: named,
			exchanges: []exchange{
				{Path: grpc, Request: asked, Body: strings.SplitAfter(frame, ""), Trailers: good},
				{Path: grpc, Request: asked, Body: []string{frame}, Trailers: headers{{"grpc-status", "13"}}},
				{Path: grpc, Request: asked, Body: []string{frame[:20]}, IsReset: true},
			},
			want: map[string]uint64{
				"model=.=bert;.;model_version=.=3;.;outcome=.=counted;.;moodring_replies_total":      1,
				"model=.=bert;.;model_version=.=3;.;label=.=joy;.;moodring_predictions_total":        2,
				"model=.=bert;.;model_version=.=3;.;label=.=fear;.;moodring_predictions_total":       1,
				"model=.=bert;.;model_version=.=3;.;outcome=.=error_status;.;moodring_replies_total": 1,
				"model=.=bert;.;model_version=.=3;.;outcome=.=truncated;.;moodring_replies_total":    1,
			},
		},
		{
			name:   "V2 over gRPC of a model that is not listed",
			config: `{"onlyListed": true, "models": {"other": {}}}`,
			exchanges: []exchange{
				{Path: grpc, Request: asked, Body: []string{frame}, Trailers: good},
				{Path: grpc, Request: asked, Body: []string{modelInferReply("other", "", 4)}, Trailers: good},
			},
			want: map[string]uint64{
				"model=.=other;.;outcome=.=counted;.;moodring_replies_total": 1,
				"model=.=other;.;label=.=4;.;moodring_predictions_total":     1,
			},
		},
	}
}

// modelInferReply returns a ModelInferResponse in its gRPC frame, with one INT64
// output (kserve/open-inference-protocol, grpc_predict_v2.proto).
func modelInferReply(model, version string, classes ...uint64) string {
	text := func(message []byte, field protowire.Number, value string) []byte {
		return protowire.AppendString(protowire.AppendTag(message, field, protowire.BytesType), value)
	}
	var contents, shape []byte
	for _, class := range classes {
		contents = protowire.AppendVarint(contents, class)
	}
	shape = protowire.AppendVarint(shape, uint64(len(classes)))
	output := text(text(text(nil, 1, "output"), 2, "INT64"), 3, string(shape))
	output = text(output, 5, string(text(nil, 3, string(contents))))
	message := text(text(text(nil, 1, model), 2, version), 5, string(output))
	return string(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))) + string(message)
}

// TestAcceptEncoding checks that only predict requests lose the header, and only if
// the configuration does not keep it.
func TestAcceptEncoding(t *testing.T) {
	tests := []struct {
		name, config, path string
		isKept             bool
	}{
		{"predict", "", bert, false},
		{"predict, kept", `{"acceptEncoding":"keep"}`, bert, true},
		{"another route", "", "/v1/models/bert", true},
	}
	for name, body := range bothBodies(t) {
		for _, test := range tests {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				vm, filter := body.start(t, &abitest.Proxy{}, test.config)
				request := headers{{"accept-encoding", "gzip"}, {"accept", "*/*"}}
				want := append(headers{{":path", test.path}}, request...)
				if !test.isKept {
					want = slices.Delete(want, 1, 2)
				}
				got := vm.Begin(filter, 2, &exchange{Path: test.path, Request: request})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("headers (-want +got):\n%s", diff)
				}
				vm.RouteChoices = 0
				vm.Begin(filter, 3, &exchange{Path: test.path, Request: request[1:]})
				if vm.RouteChoices > 0 {
					t.Error("a request without the header had its route chosen anew")
				}
			})
		}
	}
}

// TestTick checks that counts are flushed at the next tick while another stream is
// open. After the last stream they are flushed at once, because no callback may
// follow.
func TestTick(t *testing.T) {
	told := func(answers uint64) map[string]uint64 {
		return map[string]uint64{
			"model=.=bert;.;label=.=joy;.;moodring_predictions_total":   answers,
			"model=.=bert;.;outcome=.=counted;.;moodring_replies_total": answers,
		}
	}
	reply := exchange{Path: bert, Body: []string{`{"predictions":["joy"]}`}}
	for name, body := range bothBodies(t) {
		t.Run(name, func(t *testing.T) {
			var proxy abitest.Proxy
			vm, filter := body.start(t, &proxy, "")
			check := func(when string, want map[string]uint64, tick uint32) {
				t.Helper()
				if diff := cmp.Diff(want, proxy.Counters(), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", when, diff)
				}
				if vm.Tick != tick {
					t.Errorf("%s: a tick every %d milliseconds, want %d", when, vm.Tick, tick)
				}
			}
			for id := range uint32(4) {
				vm.Begin(filter, 2+id, &reply)
			}
			vm.End(filter, 2, &reply)
			vm.End(filter, 3, &reply)
			check("two of four have ended", nil, 100)
			filter.Tick(abitest.Root)
			check("the tick came", told(2), 0)
			vm.End(filter, 4, &reply)
			check("one more has ended", told(2), 100)
			vm.End(filter, 5, &reply)
			check("all have ended", told(4), 100)
		})
	}
}

func TestBadConfigStopsTheFilter(t *testing.T) {
	for name, body := range bothBodies(t) {
		t.Run(name, func(t *testing.T) {
			vm := abitest.NewVM(&abitest.Proxy{})
			vm.Config = []byte(`{"maxLabels":-1}`)
			if vm.Start(body(t, vm)) {
				t.Error("started")
			}
			want := []string{"moodring: not started: pluginConfig: maxLabels is -1; give 1 to 1000"}
			if diff := cmp.Diff(want, vm.Logged); diff != "" {
				t.Errorf("logged (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMemoryStaysAsItIs checks that the memory of the compiled filter does not grow
// with the number of requests, or with the length of a chunk.
func TestMemoryStaysAsItIs(t *testing.T) {
	wasm := compiled(t)
	vm := abitest.NewVM(&abitest.Proxy{})
	filter, err := wasm.Run(t.Context(), vm)
	if err != nil {
		t.Fatal(err)
	}
	if !vm.Start(filter) {
		t.Fatalf("did not start: %q", vm.Logged)
	}
	pass := func(count int, body string) uint32 {
		for range count {
			vm.Pass(filter, &exchange{Path: bert, Body: []string{body}})
		}
		return filter.MemoryBytes()
	}
	before := pass(100, joy)
	if after := pass(5000, joy); after != before {
		t.Errorf("%d bytes after 100 requests, %d after 5000 more", before, after)
	}
	long := `{"predictions":["` + strings.Repeat(`joy","`, 1<<20) + `"]}`
	if after := pass(1, long); after != before {
		t.Errorf("%d bytes before a reply of %d bytes, %d after", before, len(long), after)
	}
	if limit := uint32(4 << 20); before > limit {
		t.Errorf("%d bytes of memory, more than %d", before, limit)
	}
}
