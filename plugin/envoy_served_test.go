package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
)

// served holds replies of a real server's model, from testdata/replies.txt.
type served struct {
	source, path string
	bodies       []string
	model        string
	claims       string // the content-encoding
	config       json.RawMessage
	want         tally
}

// tally holds the counts of a model.
type tally struct {
	IsOther    bool   // whether they are under other
	Outcome    string // or all outcomes, with a + between them
	Labels     map[string]uint64
	Confidence string // the sum, or none
	Values     string // the number of values and their sum
}

func servedReplies(t *testing.T) (replies []served) {
	t.Helper()
	text, err := os.ReadFile("testdata/replies.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, blocks, _ := strings.Cut(string(text), "\n\n")
	for block := range strings.SplitSeq(blocks, "\n\n") {
		replies = append(replies, parseServed(t, strings.TrimSpace(block)))
	}
	return replies
}

func parseServed(t *testing.T, block string) (reply served) {
	t.Helper()
	for line := range strings.Lines(block) {
		line = strings.TrimSuffix(line, "\n")
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case word == "#":
			reply.source = rest
		case word == "claims":
			reply.claims = rest
		case word == "config":
			reply.config = json.RawMessage(rest)
		case reply.path == "":
			reply.path = line
			reply.model = modelOf(line)
		case word == "then":
			reply.bodies = append(reply.bodies, rest)
		case len(reply.bodies) == 0:
			body, err := strconv.Unquote(line)
			if err != nil {
				body = line
			}
			reply.bodies = append(reply.bodies, body)
		default:
			reply.want.parse(t, word, rest)
		}
	}
	return reply
}

// modelOf returns the name in a path. A path of the configuration is named after its
// model.
func modelOf(path string) string {
	_, name, ok := strings.Cut(path[1:], "/models/")
	if !ok {
		return path[1:]
	}
	name, _, _ = strings.Cut(name, "/")
	name, _, _ = strings.Cut(name, "__isvc-")
	return strings.TrimSuffix(name, ":predict")
}

func (want *tally) parse(t *testing.T, word, rest string) {
	t.Helper()
	switch word {
	case "confidence":
		want.Confidence = rest
	case "values":
		want.Values = rest
	case "other":
		want.IsOther, want.Outcome = true, rest
	default:
		want.Outcome = word
		if rest == "" {
			return
		}
		if err := json.Unmarshal([]byte(rest), &want.Labels); err != nil {
			t.Fatalf("%s: %v", rest, err)
		}
	}
}

// tallyOf returns the counts of a model.
func tallyOf(t *testing.T, counters map[string]uint64, model string) (got tally) {
	t.Helper()
	sums := map[string]uint64{}
	var outcomes []string
	for name, count := range counters {
		stat, err := contract.ParseStat(contract.StatPrefix + name)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]string{}
		for _, field := range stat.Fields {
			values[field.Key] = field.Value
		}
		if values[contract.LabelModel] != model {
			continue
		}
		sums[stat.Name] += count
		switch stat.Name {
		case contract.Replies:
			outcomes = append(outcomes, values[contract.LabelOutcome])
		case contract.Predictions:
			if got.Labels == nil {
				got.Labels = map[string]uint64{}
			}
			got.Labels[values[contract.LabelLabel]] = count
		}
	}
	slices.Sort(outcomes)
	got.Outcome = strings.Join(outcomes, "+")
	got.Confidence = "none"
	if sums[contract.Confidence+contract.SuffixCount] > 0 {
		got.Confidence = fmt.Sprint(float64(sums[contract.Confidence+contract.SuffixSumMillionths]) / 1e6)
	}
	if n := sums[contract.PredictionValue+contract.SuffixCount]; n > 0 {
		got.Values = fmt.Sprint(n, " ", float64(sums[contract.PredictionValue+contract.SuffixSumMillionths])/1e6)
	}
	return got
}

// TestEnvoyCountsServedReplies sends each reply of testdata/replies.txt through
// Envoy, with one configuration, and compares the counters of its model.
func TestEnvoyCountsServedReplies(t *testing.T) {
	replies := servedReplies(t)
	models := map[string]json.RawMessage{}
	for _, reply := range replies {
		if reply.config != nil {
			models[reply.model] = reply.config
		}
	}
	config, err := json.Marshal(object{
		"maxModels": 1000, "models": models,
		"prefixes": list{"/serving/{namespace}/{name}", "/seldon/{namespace}/{name}", "/ml"},
	})
	if err != nil {
		t.Fatal(err)
	}
	envoy := startEnvoy(t, newModel(t), setup{workers: 1, listeners: list{gateway{name: "gateway", config: string(config)}.listener(wasmFile(t))}})
	url := envoy.gateway(t, "gateway")
	before := envoy.counters(t)
	for _, reply := range replies {
		t.Run(reply.model, func(t *testing.T) {
			c := newCaller(url, *seed, 0)
			defer c.hangUp()
			for _, body := range reply.bodies {
				if err := c.post(reply, body); err != nil {
					t.Fatal(err)
				}
			}
			replies := repliesOf(t, before) + uint64(len(reply.bodies))
			after := eventually(t, func(t *testing.T) map[string]uint64 { return envoy.counters(t) },
				func(now map[string]uint64) bool { return repliesOf(t, now) == replies })
			model := reply.model
			if reply.want.IsOther {
				model = contract.Other
			}
			got := tallyOf(t, after, model)
			before = after
			want := reply.want
			if got.IsOther = want.IsOther; want.Confidence == "" {
				want.Confidence = got.Confidence
			}
			if len(want.Labels) == 0 {
				want.Labels = nil
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n%s\n(-want +got):\n%s", reply.source, reply.bodies, diff)
			}
		})
	}
}

// repliesOf returns the number of all replies.
func repliesOf(t *testing.T, counters map[string]uint64) (n uint64) {
	t.Helper()
	for name, count := range counters {
		if strings.HasSuffix(name, contract.Replies) {
			n += count
		}
	}
	return n
}

// post requests a reply with this body.
func (c *caller) post(reply served, body string) error {
	request, err := http.NewRequest(http.MethodPost, c.url+reply.path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if reply.claims != "" {
		request.Header.Set(claimHeader, reply.claims)
	}
	response, err := c.client[0].Do(request)
	if err != nil {
		return err
	}
	return c.holdTo(response, http.StatusOK, []byte(body))
}
