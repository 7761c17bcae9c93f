package answer

import (
	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/plugin/internal/json"
)

// A model that writes text answers with choices, as OpenAI's API does:
//
//	{"model": "llama", "choices": [{"index": 0, "message": {...}, "finish_reason": "stop"}], "usage": {...}}
//
// The reason why a choice has ended is a prediction, and its label. The text is not
// read. The choices of a stream are spread over events (type events), and each has
// its reason in its last event:
//
//	data: {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": null}]}
//	data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
//	data: [DONE]
//
// A reply with a choice that has no reason is truncated: the server has stopped in
// the middle of the text.
//
// Sources: OpenAI, API reference, chat and completions; vLLM, v1/engine; SGLang,
// openai_api/protocol.py; KServe, protocol/rest/openai.
type choices struct {
	begun, ended bitSet // choices by their index

	// Of the current choice:
	index     uint64
	hasReason bool
	reason    contract.Text
}

// maxChoices is the largest number of choices that a request to OpenAI's API can ask
// for. The choices of a longer list are not told apart.
const maxChoices = 128

// bitSet is a set of the numbers below maxChoices.
type bitSet [maxChoices / 64]uint64

func (b *bitSet) has(n uint64) bool { return n < maxChoices && b[n/64]>>(n%64)&1 == 1 }

func (b *bitSet) add(n uint64) {
	if n < maxChoices {
		b[n/64] |= 1 << (n % 64)
	}
}

func (c *choices) reset() { c.begun, c.ended = bitSet{}, bitSet{} }

// areOpen reports whether a choice has begun and not ended.
func (c *choices) areOpen() bool { return c.begun != c.ended }

// beginChoices begins the list of choices.
func (s *Scanner) beginChoices(value json.Kind) {
	if s.events.isOn {
		s.hasPredictions = true
	} else {
		s.discardPredictions()
	}
	switch value {
	case json.Array:
		s.place = inChoices
	case json.Null:
	default:
		s.rejectValue(value)
	}
}

func (s *Scanner) beginChoice(value json.Kind) {
	if value != json.Object {
		s.rejectValue(value)
		return
	}
	s.place, s.choices.index, s.choices.hasReason = inChoice, 0, false
}

func choiceMember(name []byte) member {
	switch string(name) {
	case "index":
		return indexMember
	case "finish_reason":
		return reasonMember
	}
	return otherMember
}

// beginChoiceField begins a member of a choice.
func (s *Scanner) beginChoiceField(value json.Kind) json.Capture {
	switch {
	case s.lastKey == indexMember && value == json.Number:
		return json.Digits
	case s.lastKey == reasonMember && value == json.String:
		return s.capture(&s.choices.reason)
	case s.lastKey == reasonMember:
		s.choices.hasReason = false
	}
	s.skip(value)
	return json.Ignore
}

// endChoiceField ends the index or the reason of a choice. Some servers write an
// empty reason in place of null.
func (s *Scanner) endChoiceField() {
	c := &s.choices
	switch s.captured {
	case json.Digits:
		if index, isNegative, ok := s.json.Integer(); ok && !isNegative {
			c.index = index
		}
	case json.Text:
		c.hasReason = !c.reason.IsEmpty()
	}
}

// endChoice reports the reason of a choice, once for each choice of a stream.
func (s *Scanner) endChoice() {
	s.place = inChoices
	c := &s.choices
	isReported := s.events.isOn && c.ended.has(c.index)
	if c.begun.add(c.index); !c.hasReason || isReported {
		return
	}
	c.ended.add(c.index)
	s.class.Reset()
	s.class.AddAll([]byte(reasonLabel(&c.reason)))
	s.addPlain(&s.class)
}

// reasonLabel returns the label of a reason. A reason that is not known may be any
// text, so it is contract.Other.
func reasonLabel(reason *contract.Text) string {
	var buffer [contract.MaxLabelBytes]byte
	text := reason.Append(buffer[:0])
	for _, known := range []string{"stop", "length", "tool_calls", "function_call", "content_filter", "abort", "error", "eos_token", "stop_sequence", "max_tokens"} {
		if string(text) == known {
			return known
		}
	}
	return contract.Other
}
