package filter_test

import (
	"testing"

	"github.com/moodring/moodring/plugin/internal/abitest"
)

// Properties that Envoy has of a stream.
const (
	clusterName = "xds\x00cluster_name"
	routeConfig = "xds\x00route_metadata\x00filter_metadata\x00istio\x00config"
)

// to makes the route of an object lead to a Service of the same namespace.
func (w worker) to(namespace, object, service string) {
	w.Properties = map[string]string{
		clusterName: "outbound|80||" + service + "." + namespace + ".svc.cluster.local",
		routeConfig: "/apis/networking.istio.io/v1/namespaces/" + namespace + "/virtual-service/" + object,
	}
}

func ofTeam(namespace, service, version, rest string) string {
	return "model_namespace=.=" + namespace + ";.;model_service=.=" + service + ";.;model=.=bert;.;model_version=.=" + version + ";.;" + rest
}

const (
	replyCounted = "outcome=.=counted;.;moodring_replies_total"
	joyPredicted = "label=.=joy;.;moodring_predictions_total"
)

// TestOwners checks that one path counts under the owners of its routes: two
// namespaces, two revisions of one service, and two routes to one Service.
func TestOwners(t *testing.T) {
	owners := []struct{ namespace, object, service string }{
		{"a", "one", "iris"}, {"b", "one", "iris"}, {"a", "one", "canary"}, {"a", "two", "iris"},
	}
	want := map[string]uint64{}
	var proxy abitest.Proxy
	w := start(t, &proxy, "")
	const rounds = 100
	for range rounds {
		for _, o := range owners {
			w.to(o.namespace, o.object, o.service)
			w.reply("joy")
			want[ofTeam(o.namespace, o.object, o.service, joyPredicted)]++
			want[ofTeam(o.namespace, o.object, o.service, replyCounted)]++
		}
	}
	checkCounters(t, &proxy, want)
}

// TestOwnersUnderLoad checks that the replies of a busy path are told apart by their
// clusters without reading the route each time, and that a route which appears later
// is noticed after the next flush.
func TestOwnersUnderLoad(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, "")
	w.to("a", "one", "iris")
	w.Begin(w.filter, 1000, &exchange{Path: bert}) // an open stream: nothing is flushed between two replies
	for range 100 {
		w.reply("joy")
	}
	before := w.Calls
	w.reply("joy")
	if calls := w.Calls - before; calls != 5 { // Header (:path, accept-encoding, :status), Property (cluster), Body
		t.Errorf("%d host calls for a usual reply, want 5", calls)
	}
	w.to("a", "one", "canary")
	w.reply("joy")
	w.to("b", "one", "iris")
	w.reply("joy")
	w.filter.Tick(w.Root)
	w.to("a", "two", "iris")
	w.reply("joy")
	w.to("a", "one", "iris")
	w.reply("joy")
	w.filter.Tick(w.Root)
	checkCounters(t, &proxy, map[string]uint64{
		ofTeam("a", "one", "iris", joyPredicted): 102, ofTeam("a", "one", "iris", replyCounted): 102,
		ofTeam("a", "one", "canary", joyPredicted): 1, ofTeam("a", "one", "canary", replyCounted): 1,
		ofTeam("b", "one", "iris", joyPredicted): 1, ofTeam("b", "one", "iris", replyCounted): 1,
		ofTeam("a", "two", "iris", joyPredicted): 1, ofTeam("a", "two", "iris", replyCounted): 1,
	})
}

// TestVersionOfTheReply checks that a version in the path or in the reply takes
// precedence over the revision, and an empty version does not.
func TestVersionOfTheReply(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, "")
	w.to("a", "one", "iris-00002")
	for _, e := range []exchange{
		{Path: "/v1/models/bert/versions/3:predict", Body: []string{`{"predictions":["joy"]}`}},
		{Path: "/v2/models/bert/infer", Body: []string{`{"model_version":"4","outputs":[]}`}},
		{Path: "/v2/models/bert/infer", Body: []string{`{"model_version":"","outputs":[]}`}},
		{Path: "/v2/models/bert/infer", Body: []string{`{"model_version":null,"outputs":[]}`}},
		{Path: "/v2/models/bert/infer", Body: []string{`{"outputs":[]}`}},
	} {
		w.Pass(w.filter, &e)
	}
	const empty = "outcome=.=no_predictions;.;moodring_replies_total"
	checkCounters(t, &proxy, map[string]uint64{
		ofTeam("a", "one", "3", joyPredicted): 1, ofTeam("a", "one", "3", replyCounted): 1,
		ofTeam("a", "one", "4", empty):              1,
		ofTeam("a", "one", "0xiris_2d00002", empty): 3,
	})
}

// TestWithoutIdentity checks that the option leaves the labels and the host calls
// out.
func TestWithoutIdentity(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"identity": false}`)
	w.to("a", "one", "iris")
	w.reply("joy")
	before := w.Calls
	w.reply("joy")
	if calls := w.Calls - before; calls != 6 { // Header (:path, accept-encoding, :status), Body, Increment (predictions, replies)
		t.Errorf("%d host calls for a usual reply, want 6", calls)
	}
	checkCounters(t, &proxy, map[string]uint64{predictions("joy"): 2, counted: 2})
}

// TestServicePaths checks that the models of one path, such as InferenceGraphs, have
// the names of their services, and that onlyListed applies to these names.
func TestServicePaths(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"servicePaths": ["/"], "onlyListed": true, "models": {"spam": {}, "mood": {}}}`)
	for range 3 {
		for _, service := range []string{"spam", "mood", "hidden"} {
			w.to("a", service, service)
			w.Pass(w.filter, &exchange{Path: "/", Body: []string{`{"model_name": "liar", "predictions":["joy"]}`}})
		}
	}
	want := map[string]uint64{}
	for _, service := range []string{"spam", "mood"} {
		of := "model_namespace=.=a;.;model_service=.=" + service + ";.;model=.=" + service + ";.;model_version=.=" + service + ";.;"
		want[of+joyPredicted], want[of+replyCounted] = 3, 3
	}
	checkCounters(t, &proxy, want)
}

// TestNextGateways passes each reply through two gateways. It counts in the second,
// which knows the revision.
func TestNextGateways(t *testing.T) {
	var proxy abitest.Proxy
	first := start(t, &proxy, `{"nextGateways": ["knative-local-gateway.istio-system"]}`)
	second := start(t, &proxy, `{"nextGateways": ["knative-local-gateway.istio-system"]}`)
	for range 3 {
		first.to("a", "iris", "any")
		first.Properties[clusterName] = "outbound|80||knative-local-gateway.istio-system.svc.cluster.local"
		first.reply("joy")
		second.to("a", "iris-predictor-ingress", "iris-predictor-00002")
		second.reply("joy")
	}
	of := ofTeam("a", "0xiris_2dpredictor", "0xiris_2dpredictor_2d00002", "")
	checkCounters(t, &proxy, map[string]uint64{of + joyPredicted: 3, of + replyCounted: 3})
}

// TestVersionInTheName checks the names that ModelMesh and Seldon give their models
// in replies. The path names the model itself, or, over gRPC, the reply alone.
func TestVersionInTheName(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"seldonNames": true, "onlyListed": true, "models": {"emo": {}, "iris": {}}}`)
	w.to("a", "mesh", "modelmesh-serving")
	for _, e := range []exchange{
		{Path: "/v2/models/emo/infer", Body: []string{`{"model_name":"emo__isvc-3642375d03","model_version":"1","outputs":[]}`}},
		{Path: "/v2/models/emo/infer", Body: []string{`{"model_version":"1","model_name":"emo__isvc-3642375d03","outputs":[]}`}},
		{Path: "/v2/models/emo__isvc-3642375d03/infer", Body: []string{`{"model_name":"emo__isvc-3642375d03","outputs":[]}`}},
		{Path: "/v2/models/iris/infer", Body: []string{`{"model_name":"iris_2","outputs":[]}`}},
		{Path: "/v2/models/iris/versions/7/infer", Body: []string{`{"model_name":"iris_2","outputs":[]}`}},
		{Path: "/v2/models/iris/infer", Body: []string{`{"model_name":"another_2","model_version":"1","outputs":[]}`}},
	} {
		w.Pass(w.filter, &e)
	}
	of := func(model, version string) string {
		return "model_namespace=.=a;.;model_service=.=mesh;.;model=.=" + model + ";.;model_version=.=" + version + ";.;outcome=.=no_predictions;.;moodring_replies_total"
	}
	checkCounters(t, &proxy, map[string]uint64{
		of("emo", "0xisvc_2d3642375d03"): 3, of("iris", "2"): 1, of("iris", "7"): 1, of("iris", "1"): 1,
	})
}

// TestUnfollowed checks that a request which looks like a prediction counts, once
// and without a name, if no rule follows it.
func TestUnfollowed(t *testing.T) {
	var proxy abitest.Proxy
	w := start(t, &proxy, `{"onlyListed": true, "models": {"bert": {}}}`)
	post, preflight := headers{{":method", "POST"}}, headers{{":method", "OPTIONS"}}
	for _, e := range []exchange{
		{Path: "/serving/a/b/v1/models/c:predict", Request: post},
		{Path: "/serving/a/b/v1/models/c:predict", Request: preflight},
		{Path: "/tensorflow.serving.PredictionService/Predict", Request: post},
		{Path: "/v1/models/left-out:predict", Request: post},
		{Path: bert, Request: post, Body: []string{`{"predictions":[]}`}},
		{Path: "/healthz", Request: post},
	} {
		w.Pass(w.filter, &e)
	}
	checkCounters(t, &proxy, map[string]uint64{
		"moodring_unfollowed_requests_total":                               2,
		"model=.=bert;.;outcome=.=no_predictions;.;moodring_replies_total": 1,
	})
}
