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
