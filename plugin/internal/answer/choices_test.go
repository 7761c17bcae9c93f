package answer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
)

// streamOf returns a stream of these events, as servers of OpenAI's API write it.
func streamOf(data ...string) string {
	return "data: " + strings.Join(append(data, "[DONE]"), "\n\ndata: ") + "\n\n"
}

// choice returns an event with a choice.
func choice(index int, reason string) string {
	return fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion.chunk","model":"llama","choices":[{"index":%d,"delta":{"content":"stop \"data: \n"},"logprobs":null,"finish_reason":%s}],"usage":null}`, index, reason)
}

func TestChoices(t *testing.T) {
	const (
		text    = `{"id":"cmpl-1","object":"text_completion","created":1,"model":"llama","choices":[{"index":0,"text":"length","logprobs":null,"finish_reason":"stop","stop_reason":null}],"usage":{"prompt_tokens":1}}`
		chat    = `{"id":"chatcmpl-1","object":"chat.completion","model":"llama","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"finish_reason":"no"}]},"finish_reason":"tool_calls"}],"usage":{"choices":[1]}}`
		several = `{"choices":[{"finish_reason":"stop","index":0},{"index":1,"finish_reason":"length"},{"finish_reason":"content_filter"}]}`
		usage   = `{"choices":[],"usage":{"total_tokens":3}}`
		failed  = `{"error":{"message":"out of memory","code":500}}`
	)
	many := make([]string, 0, 300)
	for i := range 300 {
		many = append(many, choice(i, `"length"`))
	}
	tests := []struct {
		name, body, outcome string
		answers             []string
	}{
		{"a text", text, contract.OutcomeCounted, []string{"stop"}},
		{"a chat", chat, contract.OutcomeCounted, []string{"tool_calls"}},
		{"several choices", several, contract.OutcomeCounted, []string{"stop", "length", "content_filter"}},
		{"a function's call, and unknown reasons", `{"choices":[{"finish_reason":"function_call"},{"finish_reason":"The end."},{"finish_reason":"Stop"},{"finish_reason":"eos_token"}]}`,
			contract.OutcomeCounted, []string{"function_call", "other", "other", "eos_token"}},
		{"no choices", `{"object":"chat.completion","choices":[]}`, contract.OutcomeNoPredictions, nil},
		{"no reason", `{"choices":[{"index":0,"message":{},"finish_reason":null}]}`, contract.OutcomeTruncated, nil},
		{"no reason for the second", `{"choices":[{"index":0,"finish_reason":"stop"},{"index":1}]}`, contract.OutcomeTruncated, nil},
		{"an error", failed, contract.OutcomeUnparsed, nil},
		{"choices of another type", `{"choices":{"a":0.5,"b":0.5}}`, contract.OutcomeUnparsed, nil},
		{"a choice of another type", `{"choices":["stop"]}`, contract.OutcomeUnparsed, nil},
		{"choices, and then predictions", `{"choices":[{"index":0}],"predictions":["a"]}`, contract.OutcomeCounted, []string{"a"}},

		{"a stream", streamOf(choice(0, "null"), choice(0, "null"), choice(0, `"stop"`)), contract.OutcomeCounted, []string{"stop"}},
		{"a stream with its usage", streamOf(choice(0, "null"), choice(0, `"length"`), usage), contract.OutcomeCounted, []string{"length"}},
		{"a stream of several choices", streamOf(choice(1, "null"), choice(0, `"stop"`), choice(1, `"tool_calls"`)), contract.OutcomeCounted, []string{"stop", "tool_calls"}},
		{"a reason in each event", streamOf(choice(0, `""`), choice(0, `"stop"`), choice(0, `"stop"`)), contract.OutcomeCounted, []string{"stop"}},
		{"a stream of many choices", streamOf(many...), contract.OutcomeCounted, strings.Split(strings.Repeat("length ", 299)+"length", " ")},
		{"comments and names of events", ": ping\r\n\r\nevent: chunk\r\nid: 1\r\nretry: 5\r\ndata:" + choice(0, `"stop"`) + "\r\n\r\n: ping", contract.OutcomeCounted, []string{"stop"}},
		{"an event of two lines", "data: {\"choices\":[{\"index\":0,\ndata: \"finish_reason\":\"stop\"}]}\n\n", contract.OutcomeCounted, []string{"stop"}},
		{"an empty line of data", "data:\n\ndata: \n" + streamOf(choice(0, `"stop"`)), contract.OutcomeCounted, []string{"stop"}},
		{"without its last mark", "data: " + choice(0, `"stop"`), contract.OutcomeCounted, []string{"stop"}},
		{"a list that holds no event", "data: [1]\n\n" + streamOf(choice(0, `"stop"`)), contract.OutcomeCounted, []string{"stop"}},
		{"no choices in a stream", streamOf(usage), contract.OutcomeNoPredictions, nil},
		{"a stream without a reason", streamOf(choice(0, "null")), contract.OutcomeTruncated, nil},
		{"a choice that does not end", streamOf(choice(0, `"stop"`), choice(1, "null")), contract.OutcomeTruncated, nil},
		{"an error in the middle", streamOf(choice(0, "null"), failed), contract.OutcomeTruncated, nil},
		{"a stream cut in an event", "data: " + choice(0, `"stop"`) + "\n\ndata: {", contract.OutcomeTruncated, nil},
		{"a stream of nothing", ": ping\n\n", contract.OutcomeTruncated, nil},
		{"a stream of its last mark", streamOf(), contract.OutcomeTruncated, nil},
		{"an error alone", streamOf(failed), contract.OutcomeUnparsed, nil},
		{"a stream of predictions", streamOf(`{"predictions":["a"]}`, `{"label":"a","score":0.5}`), contract.OutcomeUnparsed, nil},
		{"a stream of text", "data: hello\n\n", contract.OutcomeUnparsed, nil},
		{"a stream of numbers", "data: 1\n\n", contract.OutcomeUnparsed, nil},
		{"an event that is not JSON", streamOf("{choices}", choice(0, `"stop"`)), contract.OutcomeUnparsed, nil},
		{"two objects on a line", "data: " + choice(0, `"stop"`) + choice(0, `"stop"`) + "\n\n", contract.OutcomeUnparsed, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for at := 0; at < len(test.body); at += 1 + len(test.body)/500 {
				if outcome := checkReply(t, &Options{}, []byte(test.body), at); outcome != test.outcome {
					t.Fatalf("outcome %s, want %s", outcome, test.outcome)
				}
			}
			if _, answers := scan(&Options{}, []byte(test.body)); test.outcome == contract.OutcomeCounted {
				if diff := cmp.Diff(test.answers, answers); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestChoicesAllocateNothing checks that a stream of many events leaves no garbage.
func TestChoicesAllocateNothing(t *testing.T) {
	var (
		scanner Scanner
		options Options
	)
	body := []byte(streamOf(choice(0, "null"), choice(0, "null"), choice(0, `"stop"`)))
	allocations := testing.AllocsPerRun(100, func() {
		scanner.Reset(REST, &options, discard{})
		scanner.Write(body)
		if outcome := scanner.Close(0); outcome != contract.OutcomeCounted {
			t.Fatal(outcome)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations for a stream, want 0", allocations)
	}
}
