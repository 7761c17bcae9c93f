package filter_test

import (
	"testing"

	"github.com/moodring/moodring/plugin/internal/abitest"
)

// chatReply returns the reply of a chat model, with the name that the caller has
// asked for.
func chatReply(model, reason string) []string {
	return []string{`{"object":"chat.completion","model":"` + model + `","choices":[{"index":0,"message":{"content":"joy"},"finish_reason":"` + reason + `"}]}`}
}

// ofService returns the labels of a model that has its service's name.
func ofService(name string) string { return ofModel(name, name) }

func ofModel(service, model string) string {
	return "model_namespace=.=a;.;model_service=.=" + service + ";.;model=.=" + model + ";.;model_version=.=" + service + ";.;"
}

// TestChat checks the routes of OpenAI's API: a model has the name of its service,
// whatever name a reply repeats, unless the configuration lists the name.
func TestChat(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"prefixes": ["/serving/{namespace}/{name}"], "models": {"adapter": {}}}`)
	w.to("a", "llama", "llama")
	for _, path := range []string{
		"/openai/v1/chat/completions", "/v1/chat/completions?x=1", "/openai/v1/completions", "/v1/completions", "/serving/a/llama/openai/v1/chat/completions",
	} {
		for range 2 { // the second time, the path is cached
			w.Pass(w.filter, &exchange{Path: path, Body: chatReply("made up by the caller", "stop")})
			w.Pass(w.filter, &exchange{Path: path, Body: chatReply("adapter", "length")})
		}
	}
	llama, adapter := ofService("llama"), ofModel("llama", "adapter")
	checkCounters(t, &proxy, map[string]uint64{
		llama + "label=.=stop;.;moodring_predictions_total": 10,
		llama + replyCounted: 10,
		adapter + "label=.=length;.;moodring_predictions_total": 10,
		adapter + replyCounted: 10,
	})
}

// TestStreams checks streams in chunks: whole, cut, and refused.
func TestStreams(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, "")
	w.to("a", "llama", "llama")
	const path = "/v1/chat/completions"
	first, last := `data: {"model":"m","choices":[{"index":0,"delta":{"content":"joy"}}]}`+"\n\n", `data: {"choices":[{"index":0,"finish_reason":"stop"}]}`+"\n\n"
	for _, e := range []exchange{
		{Path: path, Body: []string{first, last, "data: [DONE]\n\n"}},
		{Path: path, Body: []string{first[:9], first[9:] + last[:30], last[30:]}},
		{Path: path, Body: []string{first, first}, IsReset: true},
		{Path: path, Body: []string{first, last}, IsReset: true},
		{Path: path, Body: []string{first, "data: [DONE]\n\n"}},
		{Path: path, Status: "429", Details: "via_upstream", Body: []string{`{"error":{"message":"later"}}`}},
		{Path: path, Status: "404", Details: "via_upstream", Body: []string{`{"error":{"message":"no model"}}`}},
		{Path: path, Request: headers{{":method", "OPTIONS"}}, Details: "via_upstream"},
	} {
		w.Pass(w.filter, &e)
	}
	llama := ofService("llama")
	checkCounters(t, &proxy, map[string]uint64{
		llama + "label=.=stop;.;moodring_predictions_total": 2,
		llama + replyCounted: 2,
		llama + "outcome=.=truncated;.;moodring_replies_total":    3,
		llama + "outcome=.=error_status;.;moodring_replies_total": 2,
	})
}

// TestListedChat checks that onlyListed and answer: none apply to the name of the
// service and to a listed name in the reply.
func TestListedChat(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"onlyListed": true, "models": {"llama": {}, "adapter": {}, "quiet": {"answer": "none"}}}`)
	for range 2 {
		for service, model := range map[string]string{"llama": "any", "hidden": "any", "shared": "adapter", "noisy": "quiet", "quiet": "any"} {
			w.to("a", service, service)
			w.Pass(w.filter, &exchange{Path: "/v1/completions", Body: chatReply(model, "stop")})
		}
	}
	want := map[string]uint64{}
	for _, of := range []string{ofService("llama"), ofModel("shared", "adapter")} {
		want[of+"label=.=stop;.;moodring_predictions_total"], want[of+replyCounted] = 2, 2
	}
	checkCounters(t, &proxy, want)
}

// TestChatWithoutIdentity checks that without a service's name a model counts under
// its listed name, or else under other.
func TestChatWithoutIdentity(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"identity": false, "models": {"llama": {}}}`)
	for _, model := range []string{"llama", "invented"} {
		w.Pass(w.filter, &exchange{Path: "/v1/completions", Body: chatReply(model, "stop")})
	}
	checkCounters(t, &proxy, map[string]uint64{
		"model=.=llama;.;label=.=stop;.;moodring_predictions_total": 1, "model=.=llama;.;" + replyCounted: 1,
		"model=.=other;.;label=.=stop;.;moodring_predictions_total": 1, "model=.=other;.;" + replyCounted: 1,
	})
}

// TestClassify checks the route of vLLM's and SGLang's classifiers.
func TestClassify(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"models": {"toxic": {"classes": ["no", "yes"]}}}`)
	w.to("a", "toxic", "toxic")
	for _, body := range []string{
		`{"id":"classify-1","object":"list","created":1,"model":"org/toxic","data":[{"index":0,"label":"joy","probs":[0.25,0.75],"num_classes":2}],"usage":{"total_tokens":4}}`,
		`{"model":"org/toxic","data":[{"index":0,"label":null,"probs":[0.25,0.75],"num_classes":2},{"index":1,"label":null,"probs":[0.75,0.25],"num_classes":2}]}`,
	} {
		w.Pass(w.filter, &exchange{Path: "/classify", Body: []string{body}})
	}
	of := ofService("toxic")
	got := proxy.Counters()
	for label, want := range map[string]uint64{"joy": 1, "yes": 1, "no": 1} {
		if n := got[of+"label=.="+label+";.;moodring_predictions_total"]; n != want {
			t.Errorf("%d predictions of %s, want %d: %v", n, label, want, got)
		}
	}
}
