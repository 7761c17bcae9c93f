package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/abitest"
)

// recorded is a reply of KServe's server, recorded by testdata/kserve/record.py.
type recorded struct {
	Name, Path string
	Status     int
	Headers    abitest.Headers
	Body       latin1
}

// latin1 is a byte string in JSON, with a character for each byte.
type latin1 string

// UnmarshalJSON implements json.Unmarshaler.
func (l *latin1) UnmarshalJSON(text []byte) error {
	var characters string
	err := json.Unmarshal(text, &characters)
	var decoded []byte
	for _, c := range characters {
		decoded = append(decoded, byte(c))
	}
	*l = latin1(decoded)
	return err
}

func (r recorded) isGRPC() bool { return r.Path == grpcPath }

func (r recorded) header(name string) string {
	for _, header := range r.Headers {
		if header[0] == name {
			return header[1]
		}
	}
	return ""
}

func recordedReplies(t *testing.T) (replies []recorded) {
	t.Helper()
	text, err := os.ReadFile("testdata/kserve/replies.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &replies); err != nil {
		t.Fatal(err)
	}
	return replies
}

// recordedTruth returns the expected counters: V1 models reply once, V2 models in
// four encodings.
func recordedTruth() truth {
	scored := func(labels []string, scores ...float64) answered {
		a := answered{labels: labels, scores: scores}
		for i, score := range scores {
			if score > scores[a.top] {
				a.top = i
			}
		}
		return a
	}
	plain := func(labels ...string) (batch []answered) {
		for _, label := range labels {
			batch = append(batch, answered{labels: []string{label}})
		}
		return batch
	}
	indices := []string{"0", "1"}
	probabilities := []answered{scored(indices, 0.0012, 0.9988), scored(indices, 0.75, 0.25)}
	v1 := map[string][]answered{
		"pipeline": {
			scored([]string{"joy", "love"}, 0.9889927506446838, 0.004175746813416481),
			scored([]string{"anger", "so \"sad\"\né"}, 0.75, 0.25),
		},
		"encoder":               plain("3", "1", "3"),
		"encoder-probabilities": probabilities,
		"strings":               plain("joy", "love", "joy"),
		"vectors":               {scored(indices, 0.1, 0.9), scored(indices, 0.75, 0.25)},
	}
	v2 := map[string][]answered{
		"labels":        plain("joy", "love", "joy"),
		"classes":       plain("3", "1", "3"),
		"probabilities": probabilities,
		"scores":        {scored(indices, 0.125, 0.875), scored(indices, 0.75, 0.25)},
	}
	want := truth{}
	for model, batch := range v1 {
		want.reply(shape{model: model}, batch, false)
	}
	for model, batch := range v2 {
		for range 4 { // JSON, binary tensors, gRPC contents, raw gRPC contents
			want.reply(shape{model: model}, batch, false)
		}
	}
	outcome := func(of string) contract.Field { return contract.Field{Key: contract.LabelOutcome, Value: of} }
	want.add(1, contract.Replies, fields(shape{model: "empty"}), outcome(contract.OutcomeNoPredictions))
	want.add(1, contract.Replies, fields(shape{model: contract.Other}), outcome(contract.OutcomeErrorStatus)) // of a missing model
	return want
}

// TestKServesReplies counts recorded replies of KServe's server.
func TestKServesReplies(t *testing.T) {
	replies := recordedReplies(t)
	for name, body := range bothBodies(t) {
		t.Run(name, func(t *testing.T) {
			var proxy abitest.Proxy
			vm, filter := body.start(t, &proxy, "")
			for _, reply := range replies {
				pass := exchange{Path: reply.Path, Status: strconv.Itoa(reply.Status), Headers: reply.Headers, Body: strings.SplitAfter(string(reply.Body), ",")}
				if reply.isGRPC() {
					pass.Request = headers{{"content-type", grpcMediaType}}
					pass.Trailers = headers{{"grpc-status", "0"}}
				}
				vm.Pass(filter, &pass)
			}
			if diff := cmp.Diff(recordedTruth(), truth(proxy.Counters())); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("Envoy", func(t *testing.T) {
		envoy := startEnvoy(t, newModel(t), setup{workers: 1, listeners: list{gateway{name: "gateway"}.listener(wasmFile(t))}})
		c := newCaller(envoy.gateway(t, "gateway"), *seed, 0)
		for _, reply := range replies {
			if err := c.replay(reply); err != nil {
				t.Errorf("%s: %v", reply.Name, err)
			}
		}
		envoy.expect(t, recordedTruth())
	})
}

// replay sends a recorded reply through Envoy.
func (c *caller) replay(reply recorded) error {
	request, err := http.NewRequest(http.MethodPost, c.url+reply.Path, strings.NewReader(string(reply.Body)))
	if err != nil {
		return err
	}
	request.Header.Set(statusHeader, strconv.Itoa(reply.Status))
	for _, name := range []string{"content-type", strings.ToLower(binaryHeader)} {
		if value := reply.header(name); value != "" {
			request.Header.Set(name, value)
		}
	}
	client := c.client[0]
	if reply.isGRPC() {
		request.Header.Set("te", "trailers")
		request.Header.Set("x-upstream", "h2")
		client = c.client[1]
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	return c.holdTo(response, reply.Status, []byte(reply.Body))
}
