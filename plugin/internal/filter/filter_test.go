package filter_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abi"
	"github.com/moodring/moodring/plugin/internal/abitest"
	"github.com/moodring/moodring/plugin/internal/filter"
)

type (
	exchange = abitest.Exchange
	headers  = abitest.Headers
)

const bert = "/v1/models/bert:predict"

// worker is a VM of a proxy, with the filter.
type worker struct {
	*abitest.VM
	filter abi.Filter
}

func start(t testing.TB, proxy *abitest.Proxy, config string) worker {
	t.Helper()
	vm := abitest.NewVM(proxy)
	vm.Config = []byte(config)
	w := worker{vm, filter.New(vm)}
	if !vm.Start(w.filter) {
		t.Fatalf("did not start: %q", vm.Logged)
	}
	return w
}

// reply passes a reply of bert with these labels.
func (w worker) reply(labels ...string) {
	w.Pass(w.filter, &exchange{Path: bert, Body: []string{`{"predictions":["` + strings.Join(labels, `","`) + `"]}`}})
}

func predictions(label string) string {
	return "model=.=bert;.;label=.=" + label + ";.;moodring_predictions_total"
}

const (
	counted   = "model=.=bert;.;outcome=.=counted;.;moodring_replies_total"
	unparsed  = "model=.=bert;.;outcome=.=unparsed;.;moodring_replies_total"
	encoded   = "model=.=bert;.;outcome=.=encoded;.;moodring_replies_total"
	truncated = "model=.=bert;.;outcome=.=truncated;.;moodring_replies_total"
	overflow  = "kind=.=labels;.;moodring_overflow_total"
	faults    = "moodring_plugin_faults_total"
)

func checkCounters(t *testing.T, proxy *abitest.Proxy, want map[string]uint64) {
	t.Helper()
	if diff := cmp.Diff(want, proxy.Counters()); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func TestWorkersAdmitTheSameLabels(t *testing.T) {
	var proxy abitest.Proxy
	const config = `{"maxLabels": 3}`
	one, two := start(t, &proxy, config), start(t, &proxy, config)
	one.reply("a", "b")
	two.reply("c", "d", "a") // d is past the limit
	one.reply("d", "c", "b")
	two.reply("b", "d")
	want := map[string]uint64{
		predictions("a"): 2, predictions("b"): 3, predictions("c"): 2, predictions("other"): 3,
		overflow: 3, counted: 4,
	}
	checkCounters(t, &proxy, want)

	t.Run("a full list is not read again", func(t *testing.T) {
		one.reply("d", "e") // defines their counters
		before := one.Calls
		one.reply("d", "e")
		// Header (:path, accept-encoding, :status), Property (cluster, route), Body, and
		// Increment for predictions, overflow and replies.
		if calls := one.Calls - before; calls != 9 {
			t.Errorf("%d host calls, want 9", calls)
		}
	})
}

func TestWorkersAdmitTheSameModels(t *testing.T) {
	var proxy abitest.Proxy
	const config = `{"maxModels": 2}`
	ask := func(w worker, model string) {
		w.Pass(w.filter, &exchange{Path: "/v2/models/" + model + "/infer", Status: "500", Body: []string{`{}`}})
	}
	one, two := start(t, &proxy, config), start(t, &proxy, config)
	ask(one, "a")
	ask(two, "a/versions/1")
	ask(one, "b")
	ask(two, "a")
	ask(one, "a/versions/1")
	checkCounters(t, &proxy, map[string]uint64{
		"model=.=a;.;outcome=.=error_status;.;moodring_replies_total":                     2,
		"model=.=a;.;model_version=.=1;.;outcome=.=error_status;.;moodring_replies_total": 2,
		"model=.=other;.;outcome=.=error_status;.;moodring_replies_total":                 1,
	})
}

// TestLowerLimit checks that admitted labels stay admitted under a lower limit.
func TestLowerLimit(t *testing.T) {
	var proxy abitest.Proxy
	start(t, &proxy, `{"maxLabels": 3}`).reply("a", "b", "c")
	start(t, &proxy, `{"maxLabels": 2}`).reply("d", "a", "b", "c")
	checkCounters(t, &proxy, map[string]uint64{
		predictions("a"): 2, predictions("b"): 2, predictions("c"): 2, predictions("other"): 1,
		overflow: 1, counted: 2,
	})
}

// TestKnownLabelsOfAFloodedReply checks that a reply with many new labels still
// counts its known labels separately.
func TestKnownLabelsOfAFloodedReply(t *testing.T) {
	var proxy abitest.Proxy
	const config = `{"maxLabels": 2}`
	one, two := start(t, &proxy, config), start(t, &proxy, config)
	two.reply("b")
	one.reply("a")
	labels := []string{}
	for i := range 1000 {
		labels = append(labels, fmt.Sprint("new", i))
	}
	one.reply(append(labels, "a", "b", "a")...)
	checkCounters(t, &proxy, map[string]uint64{
		predictions("a"): 3, predictions("b"): 2, predictions("other"): 1000, overflow: 1000, counted: 3,
	})
}

// TestSharedListKeepsTheChunk checks that a shared list, read while a body chunk is
// parsed and longer than the chunk, does not overwrite the chunk.
func TestSharedListKeepsTheChunk(t *testing.T) {
	var proxy abitest.Proxy
	long := strings.Repeat("a long label ", 8)
	config := fmt.Sprintf(`{"maxLabels": 2, "models": {"bert": {"labels": ["%s1", "%s2"]}}}`, long, long)
	one, two := start(t, &proxy, config), start(t, &proxy, config)
	escaped := string(contract.AppendValue(nil, long))
	two.reply(long+"1", long+"2")
	one.reply(slices.Concat([]string{"a", "b", "c"}, slices.Repeat([]string{"d"}, 200), []string{long + "1"})...)
	checkCounters(t, &proxy, map[string]uint64{
		predictions(escaped + "1"): 2,
		predictions(escaped + "2"): 1,
		predictions("other"):       203, overflow: 203, counted: 2,
	})
}

// TestBrokenRepliesAdmitNoLabels checks this also for labels that a later member of
// the reply replaces.
func TestBrokenRepliesAdmitNoLabels(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"maxLabels": 1, "models": {"bert": {}}}`)
	for _, body := range []string{`{"predictions":["a"]`, `{"predictions":["b"]]`, `{"predictions":["c"],"predictions":["d"]}`} {
		w.Pass(w.filter, &exchange{Path: bert, Body: []string{body}})
	}
	checkCounters(t, &proxy, map[string]uint64{predictions("d"): 1, truncated: 1, unparsed: 1, counted: 1})
}

func TestOptions(t *testing.T) {
	const reply = `{"predictions":[[{"label":"joy","score":0.7},{"label":"fear","score":0.25}],[{"label":"joy","score":1.5}]]}`
	joy := func(field string) string { return "model=.=bert;.;label=.=joy;.;" + field }
	of := func(field string) string { return "model=.=bert;.;" + field }
	always := map[string]uint64{
		counted: 1, predictions("joy"): 2,
		joy("moodring_prediction_confidence_count"):              1, // 1.5 is not a confidence
		joy("moodring_prediction_confidence_sum_millionths"):     700000,
		joy("le=.=0.7;.;moodring_prediction_confidence_bucket"):  1,
		joy("le=.=0.8;.;moodring_prediction_confidence_bucket"):  1,
		joy("le=.=0.9;.;moodring_prediction_confidence_bucket"):  1,
		joy("le=.=0.95;.;moodring_prediction_confidence_bucket"): 1,
		joy("le=.=0.99;.;moodring_prediction_confidence_bucket"): 1,
	}
	tests := []struct {
		name, config string
		want         map[string]uint64
	}{
		{"none", `{}`, nil},
		{"score sums", `{"scoreSums": true}`, map[string]uint64{
			joy("moodring_label_scores_total_millionths"):                          700000,
			"model=.=bert;.;label=.=fear;.;moodring_label_scores_total_millionths": 250000,
		}},
		{"margins", `{"margins": true}`, map[string]uint64{
			of("moodring_prediction_margin_count"):             1,
			of("moodring_prediction_margin_sum_millionths"):    450000,
			of("le=.=0.6;.;moodring_prediction_margin_bucket"): 1,
			of("le=.=0.8;.;moodring_prediction_margin_bucket"): 1,
			of("le=.=0.9;.;moodring_prediction_margin_bucket"): 1,
		}},
		{"batch sizes", `{"batchSizes": true}`, map[string]uint64{
			of("moodring_reply_batch_size_count"):             1,
			of("moodring_reply_batch_size_sum_millionths"):    2000000,
			of("le=.=2;.;moodring_reply_batch_size_bucket"):   1,
			of("le=.=5;.;moodring_reply_batch_size_bucket"):   1,
			of("le=.=10;.;moodring_reply_batch_size_bucket"):  1,
			of("le=.=20;.;moodring_reply_batch_size_bucket"):  1,
			of("le=.=50;.;moodring_reply_batch_size_bucket"):  1,
			of("le=.=100;.;moodring_reply_batch_size_bucket"): 1,
			of("le=.=200;.;moodring_reply_batch_size_bucket"): 1,
			of("le=.=500;.;moodring_reply_batch_size_bucket"): 1,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var proxy abitest.Proxy
			w := start(t, &proxy, test.config)
			w.Pass(w.filter, &exchange{Path: bert, Body: []string{reply}})
			want := map[string]uint64{}
			for _, part := range []map[string]uint64{always, test.want} {
				for name, value := range part {
					want[name] = value
				}
			}
			checkCounters(t, &proxy, want)
		})
	}
}

func TestModelsOptions(t *testing.T) {
	const config = `{"models": {
		"emotion": {"classes": ["anger", "joy"], "paths": ["/predict"]},
		"flat": {"flatList": "scores"}
	}}`
	of := func(model, label string) string {
		return "model=.=" + model + ";.;label=.=" + label + ";.;moodring_predictions_total"
	}
	var proxy abitest.Proxy
	w := start(t, &proxy, config)
	const flat = `{"predictions":[{"label":"a","score":2},{"label":"b","score":3}]}`
	for _, e := range []exchange{
		{Path: "/predict", Body: []string{`{"predictions":[1,0,1]}`}},
		{Path: "/v1/models/flat:predict", Body: []string{flat}},
		{Path: bert, Body: []string{flat}},
	} {
		w.Pass(w.filter, &e)
	}
	checkCounters(t, &proxy, map[string]uint64{
		of("emotion", "joy"): 2, of("emotion", "anger"): 1, of("flat", "b"): 1, of("bert", "a"): 1, of("bert", "b"): 1,
		counted: 1,
		"model=.=emotion;.;outcome=.=counted;.;moodring_replies_total": 1,
		"model=.=flat;.;outcome=.=counted;.;moodring_replies_total":    1,
	})
}

// TestOnlyListed checks that a request to an unlisted model costs a single host
// call.
func TestOnlyListed(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"onlyListed": true, "models": {"bert": {}}}`)
	before := w.Calls
	got := w.Begin(w.filter, 2, &exchange{Path: "/v1/models/invented:predict", Request: headers{{"accept-encoding", "gzip"}}})
	w.End(w.filter, 2, &exchange{Body: []string{`{"predictions":["joy"]}`}})
	if calls := w.Calls - before; calls != 1 {
		t.Errorf("%d host calls, want 1", calls)
	}
	if len(got) != 2 {
		t.Errorf("the request lost a header: %q", got)
	}
	w.reply("joy")
	checkCounters(t, &proxy, map[string]uint64{predictions("joy"): 1, counted: 1})
}

// exchangeTest is an exchange and all counters after it.
type exchangeTest struct {
	name string
	e    exchange
	want map[string]uint64
}

func (test exchangeTest) check(t *testing.T, path string) {
	t.Helper()
	t.Run(test.name, func(t *testing.T) {
		var proxy abitest.Proxy
		w := start(t, &proxy, `{"models": {"bert": {}}}`)
		test.e.Path = path
		w.Pass(w.filter, &test.e)
		checkCounters(t, &proxy, test.want)
	})
}

// TestGRPCErrors tests gRPC errors. Their HTTP status is 200, and they name no
// model.
func TestGRPCErrors(t *testing.T) {
	const (
		path     = "/inference.GRPCInferenceService/ModelInfer"
		failed   = "model=.=other;.;outcome=.=error_status;.;moodring_replies_total"
		cutShort = "model=.=other;.;outcome=.=truncated;.;moodring_replies_total"
	)
	grpc := headers{{"content-type", "application/grpc"}}
	tests := []exchangeTest{
		{"in the trailers", exchange{Request: grpc, Trailers: headers{{"grpc-status", "5"}}}, map[string]uint64{failed: 1}},
		{"in headers alone", exchange{Request: grpc, Headers: headers{{"grpc-status", "13"}}, Details: "via_upstream"}, map[string]uint64{failed: 1}},
		{"the gateway's own", exchange{Request: grpc, Headers: headers{{"grpc-status", "14"}}, Details: "no_healthy_upstream"}, nil},
		{"no trailers", exchange{Request: grpc, Body: []string{"\x00\x00\x00\x00\x00"}}, map[string]uint64{cutShort: 1}},
		{"a media type with a suffix", exchange{Request: headers{{"content-type", "application/grpc+proto"}}, Trailers: headers{{"grpc-status", "5"}}}, map[string]uint64{failed: 1}},
		{"gRPC-Web", exchange{Request: headers{{"content-type", "application/grpc-web"}}, Trailers: headers{{"grpc-status", "5"}}}, nil},
		{"not gRPC", exchange{Status: "500"}, nil},
	}
	for _, test := range tests {
		test.check(t, path)
	}
}

// TestRepliesThatEndEarly checks that Envoy's response code details distinguish a
// cut reply from a reply that the gateway made itself.
func TestRepliesThatEndEarly(t *testing.T) {
	const failed = "model=.=bert;.;outcome=.=error_status;.;moodring_replies_total"
	body := []string{`{"predictions":["jo`}
	tests := []exchangeTest{
		{"in its body", exchange{Body: body, IsReset: true}, map[string]uint64{truncated: 1}},
		{"after its headers", exchange{IsReset: true}, map[string]uint64{truncated: 1}},
		{"when compressed", exchange{IsReset: true, Headers: headers{{"content-encoding", "gzip"}}}, map[string]uint64{encoded: 1}},
		{"when the client disconnects", exchange{Details: "downstream_remote_disconnect"}, map[string]uint64{truncated: 1}},
		{"at the timeout", exchange{Details: "upstream_response_timeout"}, map[string]uint64{truncated: 1}},
		{"at the idle timeout", exchange{Details: "stream_idle_timeout"}, map[string]uint64{truncated: 1}},
		{"an error, in its body", exchange{Status: "500", Body: body, IsReset: true}, map[string]uint64{failed: 1}},
		{"an error, when the client disconnects", exchange{Status: "500", Details: "downstream_local_disconnect(detail)"}, map[string]uint64{failed: 1}},
		{"an empty success", exchange{Details: "via_upstream"}, map[string]uint64{truncated: 1}},
		{"timeout before the headers", exchange{Status: "504", Details: "upstream_response_timeout"}, nil},
		{"reset before the headers", exchange{Status: "503", Details: "upstream_reset_before_response_started{connection_termination}"}, nil},
		{"refused by the rate limit", exchange{Status: "429", Details: "request_rate_limited"}, nil},
	}
	for _, test := range tests {
		test.check(t, bert)
	}
}

// TestManyStreams tests many open streams, some of which end without a reply.
func TestManyStreams(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"models": {"bert": {}}}`)
	for round := range uint32(3) {
		for i := range uint32(500) {
			w.Begin(w.filter, 1000*round+i+2, &exchange{Path: bert})
		}
		for i := range uint32(499) {
			w.End(w.filter, 1000*round+i+2, &exchange{Body: []string{`{"predictions":["joy"]}`}})
		}
		w.filter.Logged(1000*round + 501)
	}
	checkCounters(t, &proxy, map[string]uint64{predictions("joy"): 3 * 499, counted: 3 * 499})
}

// TestTwoPlugins tests two configurations in one VM, as after a configuration
// change. An open stream keeps its configuration.
func TestTwoPlugins(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"plainCounters": true}`)
	reply := exchange{Path: bert, Body: []string{`{"predictions":["joy"]}`}}
	w.Begin(w.filter, 2, &reply)
	w.Root, w.Config = 100, []byte(`{}`)
	if !w.Start(w.filter) {
		t.Fatalf("did not start: %q", w.Logged)
	}
	w.End(w.filter, 2, &reply)
	checkCounters(t, &proxy, map[string]uint64{predictions("joy"): 1, counted: 1, "joy": 1})

	w.reply("joy")
	checkCounters(t, &proxy, map[string]uint64{predictions("joy"): 2, counted: 2, "joy": 1})

	w.Root = abitest.Root
	w.reply("joy")
	checkCounters(t, &proxy, map[string]uint64{predictions("joy"): 3, counted: 3, "joy": 2})

	w.Ended, w.Root = abitest.Root, 200
	if !w.Start(w.filter) {
		t.Fatalf("did not start: %q", w.Logged)
	}
	w.Root = abitest.Root
	w.reply("joy")
	checkCounters(t, &proxy, map[string]uint64{predictions("joy"): 3, counted: 3, "joy": 2})
}
