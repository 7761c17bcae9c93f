package main

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/moodring/moodring/contract"
)

// TestEnvoyIgnoresOtherMethods checks that preflights, HEAD and GET on predict
// routes do not count, and that neither they nor errors with the status of a success
// take the model's limit.
func TestEnvoyIgnoresOtherMethods(t *testing.T) {
	envoy := startEnvoy(t, newModel(t), setup{workers: 2, listeners: list{gateway{name: "gateway", config: `{"maxModels": 1}`}.listener(wasmFile(t))}})
	c := newCaller(envoy.gateway(t, "gateway"), *seed, 0)
	defer c.hangUp()
	const invented = 40
	for i := range invented {
		path := fmt.Sprintf("/v1/models/invented%d:predict", i)
		for _, ask := range []struct {
			method, body string
			status       int
		}{
			{http.MethodOptions, "allowed", 200}, {http.MethodOptions, "", 200}, {http.MethodOptions, "", 204},
			{http.MethodHead, "", 200}, {http.MethodGet, "<html>", 200}, {http.MethodPost, `{"error": "no such model"}`, 200},
		} {
			if err := c.request(ask.method, path, ask.body, ask.status); err != nil {
				t.Fatalf("%s: %v", ask.method, err)
			}
		}
	}
	if err := c.ok("real", `{"predictions":["joy"]}`, 200); err != nil {
		t.Fatal(err)
	}
	isCounted := func(now map[string]uint64) bool { return tallyOf(t, now, "real").Outcome != "" }
	counters := eventually(t, func(t *testing.T) map[string]uint64 { return envoy.counters(t) }, isCounted)
	if got := tallyOf(t, counters, "real"); got.Outcome != contract.OutcomeCounted || got.Labels["joy"] != 1 {
		t.Errorf("the model's counts are %+v", got)
	}
	replies := uint64(0)
	for name, n := range counters {
		if strings.HasSuffix(name, contract.Replies) {
			replies += n
		}
		if strings.Contains(name, "invented") {
			t.Errorf("%s: an invented name", name)
		}
	}
	if want := uint64(invented + 1); replies != want {
		t.Errorf("%d replies count, want %d: the errors and the prediction", replies, want)
	}
}

// request requests a reply by any method. A HEAD gets no body.
func (c *caller) request(method, path, body string, status int) error {
	request, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set(statusHeader, strconv.Itoa(status))
	response, err := c.client[0].Do(request)
	if err != nil {
		return err
	}
	return c.holdTo(response, status, []byte(body))
}

// TestEnvoyNamesWhatIsNoClassifier checks that a regression is unparsed at first, and
// then not_a_classifier, with one line in the log for all workers.
func TestEnvoyNamesWhatIsNoClassifier(t *testing.T) {
	const workers, perWorker, replies = 2, 10, 100
	envoy := startEnvoy(t, newModel(t), setup{workers: workers, listeners: list{gateway{name: "gateway"}.listener(wasmFile(t))}})
	c := newCaller(envoy.gateway(t, "gateway"), *seed, 0)
	for i := range replies {
		if err := c.ok("price", fmt.Sprintf(`{"predictions":[%d.5]}`, 1000*i), 200); err != nil {
			t.Fatal(err)
		}
		c.hangUp() // the next request may go to another worker
	}
	sum := func(counters map[string]uint64, outcome string) (n uint64) {
		for name, count := range counters {
			if strings.HasSuffix(name, "outcome=.="+outcome+";.;"+contract.Replies) {
				n += count
			}
		}
		return n
	}
	isAll := func(now map[string]uint64) bool {
		return sum(now, contract.OutcomeUnparsed)+sum(now, contract.OutcomeNotClassifier) == replies
	}
	counters := eventually(t, func(t *testing.T) map[string]uint64 { return envoy.counters(t) }, isAll)
	unparsed, none := sum(counters, contract.OutcomeUnparsed), sum(counters, contract.OutcomeNotClassifier)
	if unparsed > workers*perWorker || unparsed < perWorker || unparsed+none != replies {
		t.Errorf("%d replies are unparsed, and %d not_a_classifier", unparsed, none)
	}
	for name := range counters {
		if strings.Contains(name, contract.Predictions) {
			t.Errorf("%s: a number counts as a class", name)
		}
	}
	if lines := strings.Count(envoy.log.String(), "give the model under models"); lines != 1 {
		t.Errorf("%d lines in the log, want 1", lines)
	}
}

// TestEnvoyShowsNoText checks that no word of generated texts reaches Envoy's
// statistics, after many replies of several kinds.
func TestEnvoyShowsNoText(t *testing.T) {
	const callers, calls = 8, 1250
	envoy := startEnvoy(t, newModel(t), setup{workers: 2, listeners: list{gateway{name: "gateway"}.listener(wasmFile(t))}})
	before := envoy.counters(t)
	drive(t, envoy.gateway(t, "gateway"), *seed, callers, func(c *caller) error {
		for range calls {
			text := fmt.Sprintf("Zebra %d walks over the %d hills of quux", c.Uint32(), c.Uint32())
			body := []string{
				`{"predictions":["` + text + `"]}`,
				`{"predictions":[["` + text + `"]]}`,
				`{"predictions":[{"label":"` + text + `","score":0.5}]}`,
				`{"prediction":"` + text + `"}`,
				`{"predictions":[{"generated_text":"zebra"}]}`,
				`{"choices":[{"text":"zebra quux"}]}`,
				`{"predictions":["` + strings.Repeat("zebraquux", 4) + `"]}`,
			}[c.IntN(7)]
			if err := c.ok("writer", body, 200); err != nil {
				return err
			}
		}
		return nil
	})
	counters := eventually(t, func(t *testing.T) map[string]uint64 { return envoy.counters(t) },
		func(now map[string]uint64) bool { return !maps.Equal(now, before) })
	for name := range counters {
		for _, word := range []string{"ebra", "quux", "hills"} {
			if strings.Contains(name, word) {
				t.Fatalf("%s holds text of a reply", name)
			}
		}
	}
}
